import type { FastifyRequest } from 'fastify';

/**
 * Whether a browser sends this for a page of another origin. A browser that has been given a key as the password of
 * Basic adds it to whatever any page makes it send, forms included; what changes something is therefore refused.
 *
 * As Go's CrossOriginProtection decides: by Sec-Fetch-Site, which pages cannot set and all browsers send since 2023;
 * for older ones by Origin. Who sends neither is no browser.
 */
export function isCrossSite({ headers, host }: FastifyRequest): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  const { origin } = headers;
  return origin !== undefined && hostOf(origin) !== host.toLowerCase();
}

/** With its port, unless that is the usual one; empty for `null` and what is no origin. */
function hostOf(origin: string): string {
  return URL.parse(origin)?.host ?? '';
}
