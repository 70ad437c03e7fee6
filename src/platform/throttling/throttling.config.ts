import { type ConfigOf, defineConfig, setting, wholeNumber } from '../../core/config/index.js';
import { networkList } from '../../core/http/index.js';
import { rate } from './buckets/rate.js';

export const throttlingConfig = defineConfig('throttling', {
  default: setting(
    'THROTTLE_DEFAULT',
    rate().default({ requests: 1000, periodSeconds: 3600, burst: 1000 }),
    'requests that a client may make in all, e.g. 1000/1h or, with fewer at once, 1000/1h,burst=50',
  ),
  search: setting(
    'THROTTLE_SEARCH',
    rate().default({ requests: 300, periodSeconds: 3600, burst: 300 }),
    'requests among them that may search (q)',
  ),
  run: setting(
    'THROTTLE_RUN',
    rate().default({ requests: 60, periodSeconds: 3600, burst: 60 }),
    'requests among them that may start a run',
  ),
  allow: setting(
    'THROTTLE_ALLOW',
    networkList().default([]),
    'networks that are not limited, e.g. 10.0.0.0/8,::1; none by default',
  ),
  redisTimeoutMs: setting(
    'THROTTLE_REDIS_TIMEOUT_MS',
    wholeNumber(1, 10_000).default(100),
    'milliseconds that a request waits for Redis before this process counts it by itself',
  ),
});

export type ThrottlingConfig = ConfigOf<typeof throttlingConfig>;
