import { Inject, Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { type RedisConfig, redisConfig, SHARED_REDIS } from '../../core/redis/index.js';

/** How long a process may go on with a version that another process has raised. */
const REMEMBER_MS = 1000;

/**
 * A version number per namespace, part of every cache key. Raising it makes all earlier entries unreachable at once,
 * for every process, without finding and deleting them; they expire by themselves.
 */
@Injectable()
export class CacheVersions {
  private readonly known = new Map<string, { version: string; until: number }>();

  constructor(
    @Inject(SHARED_REDIS) private readonly redis: Redis,
    @Inject(redisConfig.token) private readonly config: RedisConfig,
  ) {}

  /** @throws when Redis does not answer: without a version nothing in the cache can be trusted. */
  async current(namespace: string): Promise<string> {
    const known = this.known.get(namespace);
    if (known && known.until > Date.now()) return known.version;
    return this.remember(namespace, (await this.redis.get(this.key(namespace))) ?? '0');
  }

  async raise(namespace: string): Promise<void> {
    this.remember(namespace, String(await this.redis.incr(this.key(namespace))));
  }

  private remember(namespace: string, version: string): string {
    this.known.set(namespace, { version, until: Date.now() + REMEMBER_MS });
    return version;
  }

  private key(namespace: string): string {
    return `${this.config.prefix}:cache-version:${namespace}`;
  }
}
