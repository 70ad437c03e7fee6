import { Inject, Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { type Findings, type HealthProbe, Probe } from '../probes/index.js';
import { SHARED_REDIS } from './shared-redis.js';

@Injectable()
@Probe({ name: 'redis', timeoutMs: 1000, cacheMs: 1000, essential: true })
export class RedisProbe implements HealthProbe {
  constructor(@Inject(SHARED_REDIS) private readonly redis: Redis) {}

  async check(): Promise<Findings> {
    const start = performance.now();
    await this.redis.ping();
    return { latencyMs: Math.round((performance.now() - start) * 10) / 10 };
  }
}
