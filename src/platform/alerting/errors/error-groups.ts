import { Inject, Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { parseJson } from '../../../core/json/index.js';
import {
  fromRedisError,
  type RedisConfig,
  redisConfig,
  Script,
  SHARED_REDIS,
} from '../../../core/redis/index.js';
import { MAX_WINDOW_SECONDS } from '../rules/rule.js';

const BUCKET_SECONDS = 60;
const KEPT_SECONDS = MAX_WINDOW_SECONDS + 300;
/** Kinds of errors within a minute; those beyond are {@link OTHER}. */
export const MAX_KINDS = 200;
export const OTHER = 'other';

/** The latest error of a kind. */
export interface ErrorSample {
  readonly message: string;
  /** Of the code that logged it. */
  readonly module?: string;
  /** Code or else class of the error. */
  readonly error?: string;
  readonly task?: string;
  readonly taskId?: string;
  readonly runId?: string;
  readonly source?: string;
  readonly requestId?: string;
  readonly at: string;
  /** Host and process that logged it. */
  readonly instance: string;
}

/** How often an error came that is the same but for details. */
export interface ErrorCount {
  readonly count: number;
  readonly sample: ErrorSample;
}

/** Errors that are the same but for details, over all processes. */
export interface ErrorGroup extends ErrorSample {
  /** 16 hexadecimal digits, or `other` for those of which there were too many kinds. */
  readonly fingerprint: string;
  readonly count: number;
}

/**
 * KEYS[1]: what the names of keys begin with. ARGV: seconds of a bucket, seconds that all is kept, kinds of a bucket, and
 * for each kind its fingerprint, how many there were, and the latest of them as JSON.
 */
const ADD = new Script(
  'gleanerAddErrors',
  `
local now = tonumber(redis.call('TIME')[1])
local bucket = KEYS[1] .. 'bucket:' .. (now - now % ARGV[1])
for i = 4, #ARGV, 3 do
  local kind = ARGV[i]
  local isNew = redis.call('HEXISTS', bucket, kind) == 0
  if isNew and redis.call('HLEN', bucket) >= tonumber(ARGV[3]) then kind = '${OTHER}' end
  redis.call('HINCRBY', bucket, kind, ARGV[i + 1])
  redis.call('SET', KEYS[1] .. 'latest:' .. kind, ARGV[i + 2], 'EX', ARGV[2])
end
redis.call('EXPIRE', bucket, ARGV[2])`,
);

/** What was logged as an error within the last hour, by all processes, in Redis. */
@Injectable()
export class ErrorGroups {
  private readonly prefix: string;

  constructor(
    @Inject(SHARED_REDIS) private readonly redis: Redis,
    @Inject(redisConfig.token) { prefix }: RedisConfig,
  ) {
    this.prefix = `${prefix}:alerting:errors:`;
  }

  /** @param kinds at most {@link MAX_KINDS} and {@link OTHER}, by their fingerprints. */
  async add(kinds: ReadonlyMap<string, ErrorCount>): Promise<void> {
    const args = Array.from(kinds, ([kind, { count, sample }]) => [kind, count, JSON.stringify(sample)]);
    if (args.length === 0) return;
    await ADD.run(this.redis, [this.prefix], [BUCKET_SECONDS, KEPT_SECONDS, MAX_KINDS, ...args.flat()]);
  }

  /** Those of the last `seconds`, in whole minutes, the most frequent first. @throws RedisUnavailableError */
  async recent(seconds: number): Promise<ErrorGroup[]> {
    try {
      return await this.read(seconds);
    } catch (error) {
      throw fromRedisError(error);
    }
  }

  private async read(seconds: number): Promise<ErrorGroup[]> {
    const counts = await this.counts(Math.ceil(seconds / BUCKET_SECONDS));
    const sorted = [...counts].sort(([, a], [, b]) => b - a);
    if (sorted.length === 0) return [];
    const samples = await this.redis.mget(sorted.map(([kind]) => `${this.prefix}latest:${kind}`));
    return sorted.flatMap(([fingerprint, count], index) => {
      const sample = parseJson(samples[index] ?? '') as ErrorSample | undefined;
      return sample ? [{ ...sample, fingerprint, count }] : [];
    });
  }

  private async counts(buckets: number): Promise<Map<string, number>> {
    const [now = 0] = (await this.redis.time()).map(Number);
    const newest = now - (now % BUCKET_SECONDS);
    const pipeline = this.redis.pipeline();
    for (let index = 0; index < buckets; index++)
      pipeline.hgetall(`${this.prefix}bucket:${newest - index * BUCKET_SECONDS}`);
    const counts = new Map<string, number>();
    for (const [error, fields] of (await pipeline.exec()) ?? []) {
      if (error) throw error;
      for (const [kind, count] of Object.entries(fields as Record<string, string>))
        counts.set(kind, (counts.get(kind) ?? 0) + Number(count));
    }
    return counts;
  }
}
