import { CacheModule } from '@nestjs/cache-manager';
import { Module } from '@nestjs/common';
import { type CacheManagerStore, KeyvAdapter } from 'cache-manager';
import { redisInsStore } from 'cache-manager-ioredis-yet';
import type { Redis } from 'ioredis';
import { Keyv } from 'keyv';
import { SHARED_REDIS } from '../../core/redis/index.js';
import { cacheMetricProviders } from './cache-metrics.js';
import { CacheVersions } from './cache-versions.js';
import { type CachingConfig, cachingConfig } from './caching.config.js';
import { LruStore } from './lru-store.js';
import { ReadCache } from './read-cache.js';

/** Cache-aside for reads: a tier in the process over a tier in Redis. */
@Module({
  imports: [
    CacheModule.registerAsync({
      inject: [SHARED_REDIS, cachingConfig.token],
      useFactory: (redis: Redis, config: CachingConfig) => ({
        // Keys are complete when they get here: Keyv's own prefix would only make them longer.
        stores: [
          new Keyv({ store: new LruStore(config.memoryEntries), useKeyPrefix: false }),
          new Keyv({ store: new KeyvAdapter(redisTier(redis)), useKeyPrefix: false }),
        ],
      }),
    }),
  ],
  providers: [ReadCache, CacheVersions, ...cacheMetricProviders],
  exports: [ReadCache],
})
export class CachingModule {}

/** cache-manager-ioredis-yet still declares itself with a type that cache-manager 7 no longer has; its methods fit. */
function redisTier(redis: Redis): CacheManagerStore {
  return redisInsStore(redis) as unknown as CacheManagerStore;
}
