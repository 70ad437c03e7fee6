import type { IncomingHttpHeaders } from 'node:http';

/** What tells one version of a page from another (RFC 9110 §8.8): kept with the page, and sent when it is asked again. */
export interface Validators {
  etag?: string;
  lastModified?: string;
}

/** They are kept for every URL. Longer ones, and what could not be sent back, are as good as none. */
const FIT_TO_KEEP = /^[\x20-\x7e]{1,256}$/;

/** Those that an answer has, as the server wrote them: it is the server that will compare them. */
export function validatorsOf(headers: IncomingHttpHeaders): Validators {
  const { etag, 'last-modified': lastModified } = headers;
  return { ...(fit(etag) && { etag }), ...(fit(lastModified) && { lastModified }) };
}

/** The header fields that ask for a page only if it is another version. */
export function conditions({ etag, lastModified }: Validators): Record<string, string> {
  return {
    ...(fit(etag) && { 'if-none-match': etag }),
    ...(fit(lastModified) && { 'if-modified-since': lastModified }),
  };
}

function fit(value: string | undefined): value is string {
  return typeof value === 'string' && FIT_TO_KEEP.test(value);
}
