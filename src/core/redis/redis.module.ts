import { Global, Module } from '@nestjs/common';
import { RedisConnections } from './redis-connections.js';
import { RedisGauge, redisMetricProviders } from './redis.metrics.js';
import { RedisProbe } from './redis.health.js';
import { SHARED_REDIS } from './shared-redis.js';

@Global()
@Module({
  providers: [
    RedisConnections,
    RedisProbe,
    RedisGauge,
    ...redisMetricProviders,
    {
      provide: SHARED_REDIS,
      inject: [RedisConnections],
      useFactory: (connections: RedisConnections) =>
        connections.connect('shared', {
          maxRetriesPerRequest: 1,
          commandTimeout: 1000,
          connectTimeout: 5000,
        }),
    },
  ],
  exports: [RedisConnections, SHARED_REDIS],
})
export class RedisModule {}
