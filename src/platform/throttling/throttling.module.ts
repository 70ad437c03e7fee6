import { Module } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { connected, type RedisConfig, redisConfig, RedisConnections } from '../../core/redis/index.js';
import { LocalBuckets } from './buckets/local-buckets.js';
import { RedisBuckets } from './buckets/redis-buckets.js';
import { RedisOutage } from './buckets/redis-outage.js';
import { RedisThrottlerStorage } from './buckets/redis-throttler.storage.js';
import { RequestThrottle } from './request-throttle.js';
import { type ThrottlingConfig, throttlingConfig } from './throttling.config.js';
import { ThrottlingHooks } from './throttling.hooks.js';
import { ThrottlingMetrics, throttlingMetricProviders } from './throttling.metrics.js';
import { TokenBuckets } from './buckets/token-buckets.js';

/** How long booting waits for Redis, so that the first requests are counted where all others are. */
const CONNECT_TIMEOUT_MS = 2000;

/** The buckets and what decides by them; ThrottlingHttpModule puts it before the routes. */
@Module({
  providers: [
    ...throttlingMetricProviders,
    ThrottlingMetrics,
    RequestThrottle,
    ThrottlingHooks,
    {
      provide: TokenBuckets,
      inject: [RedisConnections, redisConfig.token, throttlingConfig.token, ThrottlingMetrics],
      useFactory: createBuckets,
    },
    {
      provide: RedisThrottlerStorage,
      inject: [TokenBuckets],
      useFactory: (buckets: TokenBuckets) => new RedisThrottlerStorage(buckets),
    },
  ],
  exports: [RequestThrottle, ThrottlingHooks, RedisThrottlerStorage],
})
export class ThrottlingModule {}

async function createBuckets(
  connections: RedisConnections,
  { prefix }: RedisConfig,
  { redisTimeoutMs }: ThrottlingConfig,
  metrics: ThrottlingMetrics,
): Promise<TokenBuckets> {
  // A connection of its own: an answer that waits behind a large value of the cache comes late.
  const redis = connections.connect('throttle', {
    // Whoever asks while the connection is away is counted here, at once. Nothing is sent again after a reconnection:
    // those requests have been decided meanwhile.
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (times) => Math.min(times * 50, 500),
    connectTimeout: 5000,
  });
  await connected(redis, CONNECT_TIMEOUT_MS);
  return new TokenBuckets(
    new RedisBuckets(redis, {
      prefix,
      timeoutMs: redisTimeoutMs,
      onBatch: (seconds) => metrics.observeBatch(seconds),
    }),
    new LocalBuckets(),
    new RedisOutage({ ping: () => redis.ping(), reconnect: () => reconnect(redis) }, (on) =>
      metrics.setFallback(on),
    ),
    () => metrics.countLocal(),
  );
}

/** While it has no connection, ioredis is about to make one by itself. */
function reconnect(redis: Redis): void {
  if (redis.status === 'ready' || redis.status === 'connect') redis.disconnect(true);
}
