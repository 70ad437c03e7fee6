import { CACHE_MANAGER } from '@nestjs/cache-manager';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { InjectMetric } from '@willsoto/nestjs-prometheus';
import type { Cache } from 'cache-manager';
import type { Counter } from 'prom-client';
import { messageOf } from '../../core/errors/index.js';
import { type RedisConfig, redisConfig } from '../../core/redis/index.js';
import { CACHE_REQUESTS } from './cache-metrics.js';
import { CacheVersions } from './cache-versions.js';
import { type CachingConfig, cachingConfig } from './caching.config.js';

/** Cache-aside: answers from the cache what it can, and fetches the rest once, however many ask. */
@Injectable()
export class ReadCache {
  private readonly logger = new Logger(ReadCache.name);
  private readonly inFlight = new Map<string, Promise<unknown>>();

  constructor(
    @Inject(CACHE_MANAGER) private readonly cache: Cache,
    private readonly versions: CacheVersions,
    @Inject(cachingConfig.token) private readonly config: CachingConfig,
    @Inject(redisConfig.token) private readonly redis: RedisConfig,
    @InjectMetric(CACHE_REQUESTS) private readonly requests: Counter,
  ) {}

  /**
   * The cached value of `key`, or what `fetch` returns, which is then kept for the configured time.
   * @param namespace what is invalidated together, e.g. `quotes`; also the metric's label, so a constant.
   * @param fetch must return JSON (dates as text): a hit is a parsed copy of what it returned.
   * @throws what `fetch` throws; never anything of the cache's own: without Redis it only fetches.
   */
  async getOrFetch<T>(namespace: string, key: string, fetch: () => Promise<T>): Promise<T> {
    const version = await this.versions
      .current(namespace)
      .catch((error: unknown) => this.unavailable(namespace, error));
    if (version === undefined) return fetch();
    const fullKey = `${this.redis.prefix}:cache:${namespace}:${version}:${key}`;
    const pending = this.inFlight.get(fullKey);
    if (pending) return pending as Promise<T>;
    const answer = this.lookUp(namespace, fullKey, fetch).finally(() => this.inFlight.delete(fullKey));
    this.inFlight.set(fullKey, answer);
    return answer;
  }

  /** Makes every process fetch anew what it has of this namespace, within a second. */
  async invalidate(namespace: string): Promise<void> {
    await this.versions.raise(namespace);
  }

  private async lookUp<T>(namespace: string, key: string, fetch: () => Promise<T>): Promise<T> {
    // Stored as text: the Redis store would revive text that looks like one of its own type markers.
    const cached = await this.cache.get<string>(key);
    const hit = parsed(cached);
    if (hit) {
      this.requests.inc({ cache: namespace, result: 'hit' });
      return hit.value as T;
    }
    this.requests.inc({ cache: namespace, result: 'miss' });
    const value = await fetch();
    // Nobody has to wait until it is stored, and a cache that cannot store is only slow.
    void this.cache.set(key, JSON.stringify(value), this.config.ttlMs).catch((error: unknown) => {
      this.unavailable(namespace, error);
    });
    return value;
  }

  private unavailable(namespace: string, error: unknown): undefined {
    this.requests.inc({ cache: namespace, result: 'error' });
    this.logger.debug(`cache ${namespace} is not available: ${messageOf(error)}`);
  }
}

/** `undefined` when there is nothing, or what is there was not written by us. */
function parsed(cached: unknown): { value: unknown } | undefined {
  if (typeof cached !== 'string') return undefined;
  try {
    return { value: JSON.parse(cached) };
  } catch {
    return undefined;
  }
}
