import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Redis } from 'ioredis';
import { randomUUID } from 'node:crypto';
import { type Metric, register } from 'prom-client';
import { inject, vi } from 'vitest';
import { z } from 'zod';
import { ConfigModule, loadConfig } from '../../src/core/config/index.js';
import { RedisModule } from '../../src/core/redis/index.js';
import { cachedRead, CachingModule, ReadCache } from '../../src/platform/caching/index.js';
import { eventually } from './eventually.js';

/** The caching of one process: its own memory and connections, over the Redis that it shares with others. */
export interface CacheNode {
  cache: ReadCache;
  /** The sum of a metric over the label sets that contain these labels. */
  metric: (name: string, labels?: Record<string, string>) => Promise<number>;
  close(): Promise<void>;
}

async function startCacheNode(env: Record<string, string>): Promise<CacheNode> {
  register.clear();
  @Module({ imports: [ConfigModule.forRoot(loadConfig(env)), RedisModule, CachingModule] })
  class CacheNodeModule {}
  const app = await NestFactory.createApplicationContext(CacheNodeModule, {
    logger: false,
    abortOnError: false,
  });
  // Typed as descriptions; they are the metrics themselves, and are this node's even when the registry is cleared.
  const metrics = register.getMetricsAsArray() as unknown as (Metric & { name: string })[];
  return {
    cache: app.get(ReadCache, { strict: false }),
    metric: async (name, labels = {}) => {
      const metric = await metrics.find((each) => each.name === name)?.get();
      if (!metric) throw new Error(`there is no metric ${name}`);
      return metric.values
        .filter((value) => Object.entries(labels).every(([label, is]) => value.labels[label] === is))
        .reduce((sum, { value }) => sum + value, 0);
    },
    close: () => app.close(),
  };
}

/** Processes that share a Redis under a prefix of their own. */
export class CacheNodes {
  readonly redis = new Redis(inject('redisUrl'));
  readonly prefix = `test-${randomUUID().slice(0, 8)}`;
  private readonly nodes: CacheNode[] = [];

  async start(env: Record<string, string> = {}): Promise<CacheNode> {
    const node = await startCacheNode({
      DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
      REDIS_URL: inject('redisUrl'),
      REDIS_PREFIX: this.prefix,
      // Generous, for the machine may be busy; the tests of a silent Redis are elsewhere.
      CACHE_REDIS_TIMEOUT_MS: '2000',
      ...env,
    });
    this.nodes.push(node);
    return node;
  }

  /** Makes Redis forget all that they have put there. */
  async forget(): Promise<void> {
    await this.redis.del(await this.redis.keys(`${this.prefix}:*`));
  }

  /** Names of the reads in Redis. */
  async storedKeys(): Promise<string[]> {
    return this.redis.keys(`${this.prefix}:cache:read:*`);
  }

  /** The same, when there are as many. */
  async stored(count: number): Promise<string[]> {
    return eventually(`${count} reads in Redis`, async () => {
      const keys = await this.storedKeys();
      return keys.length >= count ? keys : undefined;
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.close()));
    this.redis.disconnect();
  }
}

/** What the reads of these tests answer: the number of the call that fetched it. */
export const answer = z.object({ call: z.int() });
export const READ = cachedRead(answer, { cache: 'read', tags: ['things'] });

/** A fetch that answers with the number of the call. */
export function counting() {
  let call = 0;
  return vi.fn(async () => ({ call: ++call }));
}

export const failing = async (): Promise<never> => {
  throw new Error('the database is away');
};
