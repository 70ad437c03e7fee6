import helmet, { type HelmetOptions } from 'helmet';
import type { IncomingMessage, ServerResponse } from 'node:http';

export type Headers = Readonly<Record<string, string>>;

/** The documentation and Bull's board are the pages: scripts and styles are their own, styles are also set by scripts. */
const PAGE = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      'default-src': ["'none'"],
      'script-src': ["'self'"],
      'style-src': ["'self'", "'unsafe-inline'"],
      'img-src': ["'self'", 'data:'],
      'connect-src': ["'self'"],
      'base-uri': ["'self'"],
      'form-action': ["'none'"],
      'frame-ancestors': ["'none'"],
    },
  },
  // Told only where TLS is known to be there: see security.ts.
  strictTransportSecurity: false,
  frameguard: { action: 'deny' },
} satisfies HelmetOptions;

/** What is no page has nothing to load, and needs none of the headers that only concern one: each costs every answer. */
const DATA = {
  ...PAGE,
  contentSecurityPolicy: {
    useDefaults: false,
    directives: { 'default-src': ["'none'"], 'frame-ancestors': ["'none'"] },
  },
  crossOriginOpenerPolicy: false,
  originAgentCluster: false,
  dnsPrefetchControl: false,
  ieNoOpen: false,
  permittedCrossDomainPolicies: false,
  xXssProtection: false,
} satisfies HelmetOptions;

/** Headers of every answer but those of pages. */
export const dataHeaders = headersOf(DATA);
/** Headers of pages. */
export const pageHeaders = headersOf(PAGE);

/** Helmet decides anew for each request what is always the same; asked once, it costs a request nothing. */
function headersOf(options: HelmetOptions): Headers {
  const headers: Record<string, string> = {};
  const response = {
    setHeader: (name: string, value: string) => (headers[name] = value),
    removeHeader: () => undefined,
  };
  helmet(options)({} as IncomingMessage, response as unknown as ServerResponse, (error) => {
    if (error !== undefined) throw new Error('helmet does not accept its options', { cause: error });
  });
  return headers;
}
