import { type ConfigOf, defineConfig, setting, wholeNumber } from '../../core/config/index.js';

/** Idle, a worker hears from Redis every five seconds: less than two of those is no silence. */
const SHORTEST_WATCH_MS = 10_000;
const expectedWatch = `expected 0 or a whole number from ${SHORTEST_WATCH_MS} to 3600000`;

export const workersConfig = defineConfig('workers', {
  rememberMs: setting(
    'WORKER_REMEMBER_MS',
    wholeNumber(60_000, 2_592_000_000).default(86_400_000),
    'milliseconds that a worker is listed after it was last heard of',
  ),
  expected: setting(
    'WORKERS_EXPECTED',
    wholeNumber(0, 1000).default(1),
    'workers below which /health says degraded',
  ),
  watchdogMs: setting(
    'WORKER_WATCHDOG_MS',
    wholeNumber(0, 3_600_000)
      .refine((ms) => ms === 0 || ms >= SHORTEST_WATCH_MS, expectedWatch)
      .default(120_000),
    'milliseconds without an answer to its consumers after which a worker ends, if Redis answers others; 0: never',
  ),
});

export type WorkersConfig = ConfigOf<typeof workersConfig>;
