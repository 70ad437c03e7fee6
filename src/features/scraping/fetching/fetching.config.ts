import { z } from 'zod';
import { type ConfigOf, defineConfig, flag, list, setting, wholeNumber } from '../../../core/config/index.js';
import { isNetwork } from '../../../core/http/index.js';

/** A name as it stands in a URL; the last label has a letter, or the URL parser takes all of it for an address. */
const HOST_NAME = /^(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_-]*[a-z][a-z0-9_-]*$/;

export const fetchingConfig = defineConfig('fetching', {
  userAgent: setting(
    'SCRAPE_USER_AGENT',
    z
      .string()
      .regex(/^[\x20-\x7e]{1,200}$/, 'expected 1 to 200 printable ASCII characters')
      .default('Gleaner/0.1 (self-hosted scraper)'),
    'how requests introduce themselves; add an address at which a site can reach you',
  ),
  sendCorrelationId: setting(
    'SCRAPE_SEND_CORRELATION_ID',
    flag().default(true),
    'whether requests say which run they belong to, in X-Correlation-Id: whoever asks for a run can choose the id, and the sites see it',
  ),
  timeoutMs: setting(
    'SCRAPE_TIMEOUT_MS',
    wholeNumber(100, 600_000).default(30_000),
    'milliseconds that one request may take in all; each redirect is a request of its own',
  ),
  connectTimeoutMs: setting(
    'SCRAPE_CONNECT_TIMEOUT_MS',
    wholeNumber(100, 600_000).default(10_000),
    'milliseconds of them for finding the address, connecting and the TLS handshake',
  ),
  headersTimeoutMs: setting(
    'SCRAPE_HEADERS_TIMEOUT_MS',
    wholeNumber(100, 600_000).default(20_000),
    'milliseconds of them from the request to the end of the headers of its answer',
  ),
  bodyTimeoutMs: setting(
    'SCRAPE_BODY_TIMEOUT_MS',
    wholeNumber(100, 600_000).default(10_000),
    'milliseconds of them in which nothing of the body may come',
  ),
  maxBodyBytes: setting(
    'SCRAPE_MAX_BODY_BYTES',
    wholeNumber(1024, 1_073_741_824).default(10_485_760),
    'bytes of a page, unpacked, above which it is refused',
  ),
  allowedPorts: setting(
    'SCRAPE_ALLOWED_PORTS',
    list()
      .pipe(z.array(wholeNumber(1, 65_535)))
      .default([80, 443, 8080, 8443]),
    'ports that are asked',
  ),
  allowedPrivateHosts: setting(
    'SCRAPE_ALLOWED_PRIVATE_HOSTS',
    list()
      .transform((hosts) => hosts.map((host) => host.toLowerCase()))
      .superRefine((hosts, context) => {
        for (const host of hosts) {
          if (isNetwork(host) || HOST_NAME.test(host)) continue;
          const message = `expected host names, addresses or networks such as 10.1.0.0/16; "${host}" is none`;
          context.addIssue({ code: 'custom', message });
        }
      })
      .default([]),
    'names, addresses and networks that may be private ones and have any port; none by default',
  ),
});

export type FetchingConfig = ConfigOf<typeof fetchingConfig>;
