import { z } from 'zod';
import { defineConfig, list, setting, wholeNumber } from '../core/config/index.js';
import { MODES } from './modes.js';

const expectedMode = `expected one of ${MODES.join(', ')}`;

export const appConfig = defineConfig('app', {
  mode: setting('MODE', z.enum(MODES, expectedMode).default('all'), 'what this process does'),
  host: setting('HOST', z.string().default('127.0.0.1'), 'address to listen on; 0.0.0.0 in a container'),
  port: setting('PORT', wholeNumber(0, 65_535).default(3000), 'port to listen on; 0 takes any free one'),
  trustedProxies: setting(
    'TRUSTED_PROXIES',
    list().default([]),
    'networks of proxies whose X-Forwarded-For is believed, e.g. 10.0.0.0/8; none by default',
  ),
  shutdownTimeoutMs: setting(
    'SHUTDOWN_TIMEOUT_MS',
    wholeNumber(1000, 900_000).default(25_000),
    'milliseconds after SIGTERM in which the process ends, whatever still runs; below the grace period of Kubernetes',
  ),
});
