import type { FastifyRequest } from 'fastify';

/**
 * Whether a browser has sent the request for a page of another site. A page cannot make it send a key of Bearer, but a
 * browser that was once told a key as the password of Basic sends it by itself, with whatever any page makes it ask.
 *
 * Browsers say in Sec-Fetch-Site what they are asked by; older ones, and all of them without TLS, name at least the
 * page's origin when they send what can change something. Who says neither is no browser.
 */
export function isCrossSite(
  { headers, host }: Pick<FastifyRequest, 'headers' | 'host'>,
  trustedOrigins: readonly string[],
): boolean {
  const { origin } = headers;
  if (origin !== undefined && trustedOrigins.includes(origin)) return false;
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  return origin !== undefined && hostOf(origin) !== host.toLowerCase();
}

/** `undefined` for what is no URL, such as the "null" of a sandboxed page. */
const hostOf = (origin: string): string | undefined => URL.parse(origin)?.host;
