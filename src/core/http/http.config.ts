import { type ConfigOf, defineConfig, flag, list, setting, wholeNumber } from '../config/index.js';

const HOST_NAME =
  /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*|\[[0-9a-f:.]+\])$/i;

const isOrigin = (value: string): boolean =>
  URL.canParse(value) && /^https?:/.test(value) && new URL(value).origin === value;

/** What the HTTP server bounds and refuses, the same for every route. */
export const httpConfig = defineConfig('http', {
  allowedHosts: setting(
    'ALLOWED_HOSTS',
    list()
      .refine((hosts) => hosts.every((host) => HOST_NAME.test(host)), 'expected host names without ports')
      .transform((hosts) => hosts.map((host) => host.toLowerCase()))
      .default([]),
    'host names that are answered, e.g. gleaner.example.org; empty: all. Health and metrics answer to any',
  ),
  corsOrigins: setting(
    'CORS_ORIGINS',
    list()
      .refine((origins) => origins.every(isOrigin), 'expected origins such as https://app.example.org')
      .default([]),
    'origins of web pages whose scripts may use the API, e.g. https://app.example.org; none by default',
  ),
  requireHttps: setting(
    'REQUIRE_HTTPS',
    flag().default(false),
    'whether what a trusted proxy received without TLS is redirected (GET, HEAD) or refused',
  ),
  hstsMaxAgeSeconds: setting(
    'HSTS_MAX_AGE_SECONDS',
    wholeNumber(0, 63_072_000).default(15_552_000),
    'seconds that browsers remember to use TLS only, told when REQUIRE_HTTPS is on; 0: not told',
  ),
  bodyLimitBytes: setting(
    'HTTP_BODY_LIMIT_BYTES',
    wholeNumber(1024, 104_857_600).default(1_048_576),
    'bytes of a request body above which it is refused',
  ),
  requestTimeoutMs: setting(
    'HTTP_REQUEST_TIMEOUT_MS',
    wholeNumber(1000, 600_000).default(30_000),
    'milliseconds that a client may take to send a whole request',
  ),
  handlerTimeoutMs: setting(
    'HTTP_HANDLER_TIMEOUT_MS',
    wholeNumber(100, 600_000).default(30_000),
    'milliseconds after which a request without an answer is answered 503; above the statement time-out',
  ),
});

export type HttpConfig = ConfigOf<typeof httpConfig>;
