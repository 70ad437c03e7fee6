import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { ThrottlerGuard, ThrottlerModule } from '@nestjs/throttler';
import type { Redis } from 'ioredis';
import { type Principal, subscriberNetwork } from '../../core/http/index.js';
import { type RedisConfig, redisConfig, SHARED_REDIS } from '../../core/redis/index.js';
import { RedisThrottlerStorage } from './redis-throttler.storage.js';
import { type ThrottlingConfig, throttlingConfig } from './throttling.config.js';

/** Limits what one client may ask for; every route counts unless it says `@SkipThrottle()`. */
@Module({
  imports: [
    ThrottlerModule.forRootAsync({
      inject: [throttlingConfig.token, redisConfig.token, SHARED_REDIS],
      useFactory: (config: ThrottlingConfig, redisSettings: RedisConfig, redis: Redis) => ({
        throttlers: [{ ttl: config.periodSeconds * 1000, limit: config.limit }],
        storage: new RedisThrottlerStorage(redis, redisSettings.prefix),
        // Several people behind one address do not share what a key of their own entitles them to.
        getTracker: (request: { principal?: Principal; ip?: string }) =>
          request.principal ? `key:${request.principal.keyId}` : subscriberNetwork(String(request.ip)),
        // One bucket per client and not, as is the default, one per client and route.
        generateKey: (_context, tracker, name) => `${name}:${tracker}`,
      }),
    }),
  ],
  providers: [{ provide: APP_GUARD, useClass: ThrottlerGuard }],
})
export class ThrottlingHttpModule {}
