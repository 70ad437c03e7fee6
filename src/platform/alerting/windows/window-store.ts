import { Inject, Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { type RedisConfig, redisConfig, Script, SHARED_REDIS } from '../../../core/redis/index.js';
import { MAX_WINDOW_SECONDS } from '../rules/rule.js';
import type { Sample } from './process-samples.js';

/** What happens within such a time is added up; windows are made of whole ones. */
export const BUCKET_SECONDS = 15;
/** Until a bucket can be as old as any window, and a process has told late. */
const KEPT_SECONDS = MAX_WINDOW_SECONDS + 300;
/** Fields of a bucket: a rule has few labels, and a process few names, so that more is a fault. */
const MAX_FIELDS = 5000;

/**
 * KEYS[1]: what the names of buckets begin with. ARGV: seconds of a bucket, seconds that it is kept, fields that it may
 * have, how many fields are added up, and then fields and values; the rest are set. By Redis's clock, so that buckets are
 * the same for all processes.
 */
const ADD = new Script(
  'gleanerAddToWindow',
  `
local now = tonumber(redis.call('TIME')[1])
local key = KEYS[1] .. (now - now % ARGV[1])
local room = ARGV[3] - redis.call('HLEN', key)
for i = 5, #ARGV, 2 do
  local known = redis.call('HEXISTS', key, ARGV[i]) == 1
  if known or room > 0 then
    if not known then room = room - 1 end
    if (i - 5) / 2 < tonumber(ARGV[4]) then redis.call('HINCRBYFLOAT', key, ARGV[i], ARGV[i + 1])
    else redis.call('HSET', key, ARGV[i], ARGV[i + 1]) end
  end
end
redis.call('EXPIRE', key, ARGV[2])
return room`,
);

/** A bucket by when it began, in seconds since 1970. */
export type Bucket = ReadonlyMap<string, number>;

/** What all processes have counted within the last hour, in Redis. */
@Injectable()
export class WindowStore {
  private readonly prefix: string;
  /** Buckets that nobody adds to any more: an hour of them is not read anew every few seconds. */
  private closed = new Map<number, Bucket>();

  constructor(
    @Inject(SHARED_REDIS) private readonly redis: Redis,
    @Inject(redisConfig.token) { prefix }: RedisConfig,
  ) {
    this.prefix = `${prefix}:alerting:window:`;
  }

  /**
   * @param added are added to what other processes tell under the same names. @param set replace what was told.
   * @throws when Redis does not answer; it may have been added all the same.
   */
  async add(added: readonly Sample[], set: readonly Sample[]): Promise<void> {
    const args = [...added, ...set].flatMap(({ field, value }) => [field, value]);
    if (args.length === 0) return;
    await ADD.run(
      this.redis,
      [this.prefix],
      [BUCKET_SECONDS, KEPT_SECONDS, MAX_FIELDS, added.length, ...args],
    );
  }

  /** The buckets of the last `seconds`, the newest last; at most two that are not over. */
  async read(seconds: number): Promise<Bucket[]> {
    const [now] = (await this.redis.time()).map(Number);
    if (now === undefined) throw new Error('Redis told no time');
    const newest = now - (now % BUCKET_SECONDS);
    const count = Math.ceil(seconds / BUCKET_SECONDS);
    const starts = Array.from({ length: count }, (_, index) => newest - (count - 1 - index) * BUCKET_SECONDS);
    const missing = starts.filter((start) => !this.closed.has(start));
    const found = await this.fetch(missing);
    const buckets = starts.map((start) => this.closed.get(start) ?? found.get(start) ?? new Map());
    this.remember(found, newest);
    return buckets;
  }

  private async fetch(starts: readonly number[]): Promise<Map<number, Bucket>> {
    const pipeline = this.redis.pipeline();
    for (const start of starts) pipeline.hgetall(`${this.prefix}${start}`);
    const answers = (await pipeline.exec()) ?? [];
    return new Map(
      starts.map((start, index) => {
        const [error, fields] = answers[index] ?? [];
        if (error) throw error;
        const entries = Object.entries((fields ?? {}) as Record<string, string>);
        return [start, new Map(entries.map(([field, value]) => [field, Number(value)]))];
      }),
    );
  }

  private remember(found: ReadonlyMap<number, Bucket>, newest: number): void {
    for (const [start, bucket] of found) if (start < newest) this.closed.set(start, bucket);
    for (const start of this.closed.keys())
      if (start < newest - MAX_WINDOW_SECONDS) this.closed.delete(start);
  }
}
