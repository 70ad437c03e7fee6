import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { ThrottlerModule } from '@nestjs/throttler';
import type { Rate } from './buckets/rate.js';
import { RedisThrottlerStorage } from './buckets/redis-throttler.storage.js';
import { type ThrottlingConfig, throttlingConfig } from './throttling.config.js';
import { ThrottlingGuard } from './throttling.guard.js';
import { ThrottlingModule } from './throttling.module.js';

/** Limits what one client may ask for; every route counts unless it says `@SkipThrottle()`. */
@Module({
  imports: [
    ThrottlingModule,
    ThrottlerModule.forRootAsync({
      imports: [ThrottlingModule],
      inject: [throttlingConfig.token, RedisThrottlerStorage],
      useFactory: (config: ThrottlingConfig, storage: RedisThrottlerStorage) => ({
        throttlers: [
          { name: 'default', ...bucketOf(config.default) },
          { name: 'search', ...bucketOf(config.search) },
          { name: 'run', ...bucketOf(config.run) },
        ],
        storage,
      }),
    }),
  ],
  providers: [{ provide: APP_GUARD, useClass: ThrottlingGuard }],
})
export class ThrottlingHttpModule {}

/** A bucket as `@nestjs/throttler` describes it: what it holds, and the milliseconds in which it fills. */
const bucketOf = ({ requests, periodSeconds, burst }: Rate) => ({
  limit: burst,
  ttl: (burst / requests) * periodSeconds * 1000,
});
