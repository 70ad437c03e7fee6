import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type Metric, register } from 'prom-client';
import { ConfigModule, loadConfig } from '../../src/core/config/index.js';
import { RedisModule } from '../../src/core/redis/index.js';
import { CachingModule, ReadCache } from '../../src/platform/caching/index.js';

/** The caching of one process: its own memory and connections, over the Redis that it shares with others. */
export interface CacheNode {
  cache: ReadCache;
  /** The sum of a metric over the label sets that contain these labels. */
  metric: (name: string, labels?: Record<string, string>) => Promise<number>;
  close(): Promise<void>;
}

export async function startCacheNode(env: Record<string, string>): Promise<CacheNode> {
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
