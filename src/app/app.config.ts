import { z } from 'zod';
import { defineConfig, setting, wholeNumber } from '../core/config/index.js';
import { networkList, PROXY_HEADERS } from '../core/http/index.js';
import { MODES } from './modes.js';

const expectedMode = `expected one of ${MODES.join(', ')}`;

export const appConfig = defineConfig('app', {
  mode: setting('MODE', z.enum(MODES, expectedMode).default('all'), 'what this process does'),
  host: setting('HOST', z.string().default('127.0.0.1'), 'address to listen on; 0.0.0.0 in a container'),
  port: setting('PORT', wholeNumber(0, 65_535).default(3000), 'port to listen on; 0 takes any free one'),
  trustedProxies: setting(
    'TRUSTED_PROXIES',
    networkList().default([]),
    'networks of proxies that are believed about the client, e.g. 10.0.0.0/8,fd00::/8; none by default',
  ),
  proxyHeader: setting(
    'PROXY_HEADER',
    z.enum(PROXY_HEADERS, `expected one of ${PROXY_HEADERS.join(', ')}`).default('x-forwarded-for'),
    'the header in which they tell it, x-forwarded-for or forwarded; the other may be forged, and is ignored',
  ),
  shutdownTimeoutMs: setting(
    'SHUTDOWN_TIMEOUT_MS',
    wholeNumber(1000, 900_000).default(25_000),
    'milliseconds after SIGTERM in which the process ends, whatever still runs; below the grace period of Kubernetes',
  ),
});
