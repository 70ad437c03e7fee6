import { hash } from 'node:crypto';

/** Parameters that tell the site where a visitor came from, and change nothing of the page. */
const TRACKING =
  /^(utm_\w+|gclid|gclsrc|dclid|gbraid|wbraid|fbclid|msclkid|yclid|twclid|ttclid|igshid|mc_[ce]id|_hs(enc|mi)|_openstat|ref_src)$/i;

/** Characters that mean the same whether or not they are percent-encoded (RFC 3986, 2.3). */
const UNRESERVED = /^[\w.~-]$/;

/**
 * The form in which two URLs of one page are equal: as the URL Standard writes it (scheme and host in lower case, no
 * default port), without the fragment, the query sorted by name and value, needless percent-encoding undone and the
 * needed in capitals. Blank values and repeated parameters stay: some sites tell pages apart by them.
 */
export function canonicalUrl(url: URL, { dropTracking = false } = {}): string {
  const path = normaliseEncoding(url.pathname);
  const query = url.search
    .slice(1)
    .split('&')
    .filter((part) => part !== '' && !(dropTracking && TRACKING.test(nameOf(part))))
    .map(normaliseEncoding)
    .sort()
    .join('&');
  return `${url.protocol}//${url.host}${path}${query === '' ? '' : `?${query}`}`;
}

/** What makes a request the same request within a run, as 32 hexadecimal digits: half a SHA-256 is unique enough. */
export function fingerprintOf(canonical: string): string {
  return hash('sha256', `GET ${canonical}`, 'hex').slice(0, 32);
}

const nameOf = (part: string): string => part.split('=', 1)[0] ?? '';

function normaliseEncoding(text: string): string {
  if (!text.includes('%')) return text;
  return text.replace(/%([0-9a-f]{2})/gi, (encoded, digits: string) => {
    const character = String.fromCharCode(Number.parseInt(digits, 16));
    return UNRESERVED.test(character) ? character : encoded.toUpperCase();
  });
}
