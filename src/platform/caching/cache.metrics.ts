import { Injectable } from '@nestjs/common';
import { Counter, Gauge, Histogram, register } from 'prom-client';
import { CacheClient } from './tiers/cache-client.js';
import { type CacheCounts, CacheStats, type TierCounts } from './cache-stats.js';
import { MemoryTier } from './tiers/memory-tier.js';

const HITS: readonly (readonly [keyof CacheCounts, result: string, tier: string])[] = [
  ['memoryHits', 'hit', 'memory'],
  ['negativeHits', 'negative_hit', 'memory'],
  ['redisHits', 'hit', 'redis'],
  ['staleHits', 'stale_hit', 'any'],
  ['staleIfErrorHits', 'stale_if_error', 'any'],
  ['shared', 'shared', 'none'],
  ['misses', 'miss', 'none'],
];

const TIER_COUNTERS: readonly (readonly [keyof TierCounts, name: string, help: string])[] = [
  ['redisErrors', 'redis_errors', 'Commands of the cache that Redis refused or did not answer in time'],
  ['redisSkipped', 'redis_skipped', 'Commands of the cache not sent because Redis has failed the last ones'],
  ['redisCorrupt', 'redis_corrupt', 'Values in Redis that were spoilt or not written by the cache'],
  [
    'redisEvictions',
    'redis_evictions',
    'Entries that had to leave Redis early to keep within CACHE_REDIS_BYTES',
  ],
  ['tooLarge', 'too_large', 'Reads not cached because they are larger than CACHE_ENTRY_BYTES'],
  ['invalidations', 'invalidations', 'Times that this process said that something has changed'],
  ['invalidationRetries', 'invalidation_retries', 'Times that Redis did not hear of a change at once'],
];

/**
 * The cache at /metrics. Reads count in plain numbers; these metrics pick them up when somebody asks. Labels: `cache`
 * is a kind of read named in code; `result`, `tier` and `outcome` have the values listed here.
 */
@Injectable()
export class CacheMetrics {
  private readonly fetches = new Histogram({
    name: 'gleaner_cache_fetch_duration_seconds',
    help: 'Seconds that it took to fetch what no tier had',
    labelNames: ['cache', 'outcome'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  });

  constructor(
    private readonly stats: CacheStats,
    private readonly memory: MemoryTier,
    private readonly client: CacheClient,
  ) {
    this.requests();
    this.hitRatio();
    for (const [key, name, help] of TIER_COUNTERS)
      counter(`gleaner_cache_${name}_total`, help, () => stats.tiers[key]);
    counter(
      'gleaner_cache_memory_evictions_total',
      'Entries that had to leave the memory of the process early',
      () => memory.evictions,
    );
    this.gauges();
  }

  /** @param begunAt on the monotonic clock, in milliseconds. */
  fetched(cache: string, outcome: 'found' | 'absent' | 'failed', begunAt: number): void {
    this.fetches.observe({ cache, outcome }, (performance.now() - begunAt) / 1000);
  }

  private requests(): void {
    const { stats } = this;
    void new Counter({
      name: 'gleaner_cache_requests_total',
      help: 'Reads that asked the cache, by what came of it and which tier had it',
      labelNames: ['cache', 'result', 'tier'],
      collect() {
        this.reset();
        for (const [cache, counts] of stats.byCache)
          for (const [key, result, tier] of HITS) this.inc({ cache, result, tier }, counts[key]);
      },
    });
  }

  private hitRatio(): void {
    const { stats } = this;
    void new Gauge({
      name: 'gleaner_cache_hit_ratio',
      help: 'Part of all reads since the start that needed no fetch of their own',
      labelNames: ['cache'],
      collect() {
        for (const [cache, counts] of stats.byCache) {
          const all = HITS.reduce((sum, [key]) => sum + counts[key], 0);
          this.set({ cache }, all === 0 ? 0 : (all - counts.misses) / all);
        }
      },
    });
  }

  private gauges(): void {
    const { memory, client, stats } = this;
    gauge('gleaner_cache_memory_entries', 'Entries in the memory of the process', () => memory.size);
    gauge('gleaner_cache_memory_bytes', 'Bytes that they take, about', () => memory.bytes);
    gauge(
      'gleaner_cache_redis_bytes',
      'Bytes that the cache took in Redis when this process last stored something',
      () => stats.tiers.redisBytes,
    );
    gauge('gleaner_cache_circuit_open', '1 while reads do not ask Redis because it does not answer', () =>
      client.circuit.isOpen ? 1 : 0,
    );
  }
}

function counter(name: string, help: string, value: () => number): void {
  void new Counter({
    name,
    help,
    registers: [register],
    collect() {
      this.reset();
      this.inc(value());
    },
  });
}

function gauge(name: string, help: string, value: () => number): void {
  void new Gauge({
    name,
    help,
    registers: [register],
    collect() {
      this.set(value());
    },
  });
}
