import { CacheModule } from '@nestjs/cache-manager';
import { Module } from '@nestjs/common';
import { type CacheManagerStore, KeyvAdapter } from 'cache-manager';
import { redisInsStore } from 'cache-manager-ioredis-yet';
import type { Redis } from 'ioredis';
import { Keyv } from 'keyv';
import { CacheClient } from './tiers/cache-client.js';
import { CacheMetrics } from './cache.metrics.js';
import { CacheStats } from './cache-stats.js';
import { type CachingConfig, cachingConfig } from './caching.config.js';
import { FetchLock } from './fetch-lock.js';
import { DocumentAnswers } from './http/document-answers.js';
import { MemoryTier } from './tiers/memory-tier.js';
import { ReadCache } from './read-cache.js';
import { ReadFetcher } from './read-fetcher.js';
import { RedisTier } from './tiers/redis-tier.js';
import { TagVersions } from './tag-versions.js';

@Module({ providers: [CacheClient, CacheStats], exports: [CacheClient, CacheStats] })
class CacheClientModule {}

/** Cache-aside for reads: a tier in the process over a tier in Redis. */
@Module({
  imports: [
    CacheClientModule,
    CacheModule.registerAsync({
      imports: [CacheClientModule],
      inject: [CacheClient],
      useFactory: (client: CacheClient) => ({ stores: [redisStore(client)] }),
    }),
  ],
  providers: [
    {
      provide: MemoryTier,
      inject: [cachingConfig.token],
      useFactory: ({ memoryEntries, memoryBytes }: CachingConfig) =>
        new MemoryTier(memoryEntries, memoryBytes),
    },
    CacheMetrics,
    DocumentAnswers,
    FetchLock,
    ReadCache,
    ReadFetcher,
    RedisTier,
    TagVersions,
  ],
  exports: [ReadCache, DocumentAnswers],
})
export class CachingModule {}

/**
 * The given store over our guarded client, of whose commands it uses but a few. It serialises by itself, so Keyv, which
 * would do it once more, hands texts through; Redis's own expiry is the only one. Keys are complete when they get here.
 */
function redisStore(client: CacheClient): Keyv {
  const store = redisInsStore(client as unknown as Redis) as unknown as CacheManagerStore;
  const keyv = new Keyv({
    store: new KeyvAdapter(store),
    useKeyPrefix: false,
    emitErrors: false,
    throwOnErrors: true,
    serialize: ({ value }) => value as string,
    deserialize: (text) => ({ value: text as never }),
  });
  return keyv;
}
