import { type ConfigOf, defineConfig, setting, wholeNumber } from '../../core/config/index.js';

export const throttlingConfig = defineConfig('throttling', {
  limit: setting(
    'THROTTLE_LIMIT',
    wholeNumber(1, 10_000_000).default(1000),
    'requests that a client may make per period',
  ),
  periodSeconds: setting(
    'THROTTLE_PERIOD_SECONDS',
    wholeNumber(1, 86_400).default(3600),
    'seconds of that period',
  ),
});

export type ThrottlingConfig = ConfigOf<typeof throttlingConfig>;
