import { Inject, Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { parseJson } from '../../core/json/index.js';
import { OTHER, type TimedKind, type Timing } from '../../core/performance/index.js';
import { type RedisConfig, redisConfig, SHARED_REDIS } from '../../core/redis/index.js';
import { ADD_TIMINGS } from './add-timings.lua.js';

const MINUTE_MS = 60_000;
/** Time is cut into buckets of both lengths, kept for as long as a window reaches back, and a bit. */
const FINE = { name: '5m', ms: 5 * MINUTE_MS, keptMs: 75 * MINUTE_MS };
const COARSE = { name: '1h', ms: 60 * MINUTE_MS, keptMs: 26 * 60 * MINUTE_MS };
const MAX_NAMES = 200;

/** What can be looked back at, in milliseconds, and in which buckets. */
const WINDOW = {
  '10m': { ms: 10 * MINUTE_MS, buckets: FINE },
  '1h': { ms: 60 * MINUTE_MS, buckets: FINE },
  '24h': { ms: 24 * 60 * MINUTE_MS, buckets: COARSE },
} as const;
export type Window = keyof typeof WINDOW;
export const WINDOWS = Object.keys(WINDOW) as Window[];

const storedSchema = z.object({
  count: z.number(),
  totalMs: z.number(),
  maxMs: z.number(),
  queries: z.number(),
  slowest: z.object({ unit: z.string().optional(), id: z.string().optional(), at: z.number() }),
  /** By step of durations; see `percentileOf`. */
  steps: z.record(z.string(), z.number()),
});

export type StoredTiming = z.output<typeof storedSchema>;

/**
 * What all processes have timed, added up in Redis: 200 names of a kind and bucket, whose size does not depend on how
 * many processes there are. What Redis did not take is lost; it is for looking at, not for accounts.
 */
@Injectable()
export class TimingStore {
  private readonly prefix: string;

  constructor(
    @Inject(SHARED_REDIS) private readonly redis: Redis,
    @Inject(redisConfig.token) { prefix }: RedisConfig,
  ) {
    this.prefix = `${prefix}:slowest`;
  }

  /** @throws what ioredis throws, within a second, when Redis is away. */
  async add(kind: TimedKind, timings: readonly Timing[]): Promise<void> {
    if (timings.length === 0) return;
    const now = Date.now();
    const keys = [FINE, COARSE].map((buckets) => this.key(kind, buckets, now));
    const args = timings.flatMap(({ name, ...timing }) => [name, JSON.stringify(toStored(timing))]);
    await ADD_TIMINGS.run(this.redis, keys, [MAX_NAMES, OTHER, FINE.keptMs, COARSE.keptMs, ...args]);
  }

  /**
   * By name, each as often as there are buckets with it, and the time from which on they count, in milliseconds since
   * 1970: a bucket counts as a whole.
   * @throws what ioredis throws, within a second, when Redis is away.
   */
  async read(kind: TimedKind, window: Window): Promise<{ since: number; timings: [string, StoredTiming][] }> {
    const { ms, buckets } = WINDOW[window];
    const now = Date.now();
    const since = beginOf(now - ms, buckets);
    const keys: string[] = [];
    for (let at = since; at <= now; at += buckets.ms) keys.push(this.key(kind, buckets, at));
    const hashes = await Promise.all(keys.map((key) => this.redis.hgetall(key)));
    const timings = hashes.flatMap(Object.entries<string>).flatMap(([name, json]) => {
      // Another release may have written what this one cannot read.
      const stored = storedSchema.safeParse(parseJson(json));
      return stored.success ? [[name, stored.data] as [string, StoredTiming]] : [];
    });
    return { since, timings };
  }

  private key(kind: TimedKind, buckets: typeof FINE, at: number): string {
    return `${this.prefix}:${kind}:${buckets.name}:${beginOf(at, buckets)}`;
  }
}

const beginOf = (at: number, { ms }: typeof FINE): number => at - (at % ms);

function toStored({ steps, ...timing }: Omit<Timing, 'name'>): StoredTiming {
  const found = [...steps.entries()].filter(([, count]) => count > 0);
  return { ...timing, steps: Object.fromEntries(found) };
}
