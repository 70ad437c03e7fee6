import type { Redis } from 'ioredis';
import type { Decision, Limit } from './limit.js';
import { TAKE_TOKENS } from './take-tokens.lua.js';
import { RedisTooSlowError } from '../throttling.errors.js';

/** Decisions in one call at most: Redis does nothing else meanwhile, for about 3 µs each. More in one save nothing. */
const MAX_DECISIONS = 64;
/** As many as there are letters. */
const MAX_LIMITS = 26;

type TakingRedis = Redis & { takeTokens(keys: number, ...args: (string | number)[]): Promise<number[]> };

export interface RedisBucketsOptions {
  /** First part of every key. */
  readonly prefix: string;
  /** How long a decision waits for Redis. */
  readonly timeoutMs: number;
  /** Told of every batch that Redis answered, with the time that its first decision waited. */
  readonly onBatch?: (seconds: number) => void;
}

/**
 * Token buckets in Redis, shared by all processes. A command costs Node about ten times as much as the decision in it
 * costs Redis, so all decisions that are asked for within one turn of the event loop travel in one. They are sent when
 * the turn has read every socket (setImmediate): a microtask would end after the first.
 */
export class RedisBuckets {
  private readonly redis: TakingRedis;
  private batch = new Batch();
  /** In the order in which they were sent. */
  private readonly underWay = new Set<Batch>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    redis: Redis,
    private readonly options: RedisBucketsOptions,
  ) {
    redis.defineCommand('takeTokens', { lua: TAKE_TOKENS });
    this.redis = redis as TakingRedis;
  }

  /**
   * Takes a token from the client's bucket of each limit, or from none.
   * @throws when Redis does not answer, or not in time; whether tokens were taken is unknown then.
   */
  take(limits: readonly Limit[], tracker: string): Promise<Decision> {
    if (this.batch.isFullFor(limits)) this.flush();
    if (this.batch.isEmpty) setImmediate(this.flushBatch, this.batch);
    return this.batch.add(limits, this.options.prefix, tracker);
  }

  private readonly flushBatch = (batch: Batch): void => {
    // It may have become full, and have gone, before the turn was over.
    if (batch === this.batch) this.flush();
  };

  private flush(): void {
    const batch = this.batch;
    this.batch = new Batch();
    this.underWay.add(batch);
    this.timer ??= setTimeout(this.expire, this.options.timeoutMs);
    this.redis.takeTokens(batch.keys.length, ...batch.keys, ...batch.args()).then(
      (backlogs) => {
        // Too late, it has been decided without Redis.
        if (!this.underWay.delete(batch)) return;
        this.options.onBatch?.((performance.now() - batch.since) / 1000);
        batch.answer(backlogs);
      },
      (error: unknown) => {
        if (this.underWay.delete(batch)) batch.fail(error);
      },
    );
  }

  /**
   * One timer for all batches: it is set for the oldest, and mostly finds that gone. An answer that lies in the socket
   * already, because this process was busy, is read before the verdict.
   */
  private readonly expire = (): void => {
    setImmediate(() => {
      this.timer = undefined;
      const { timeoutMs } = this.options;
      const now = performance.now();
      for (const batch of this.underWay) {
        const leftMs = batch.since + timeoutMs - now;
        if (leftMs > 0) {
          this.timer = setTimeout(this.expire, leftMs);
          return;
        }
        this.underWay.delete(batch);
        batch.fail(new RedisTooSlowError(timeoutMs));
      }
    });
  };
}

/** Decisions that are to be taken in one call. */
class Batch {
  readonly keys: string[] = [];
  readonly since = performance.now();
  private letters = '';
  private readonly limits: Limit[] = [];
  private readonly waiting: {
    limits: readonly Limit[];
    resolve: (decision: Decision) => void;
    reject: (error: unknown) => void;
  }[] = [];

  get isEmpty(): boolean {
    return this.waiting.length === 0;
  }

  isFullFor(limits: readonly Limit[]): boolean {
    return this.waiting.length >= MAX_DECISIONS || this.limits.length + limits.length > MAX_LIMITS;
  }

  add(limits: readonly Limit[], prefix: string, tracker: string): Promise<Decision> {
    const last = limits.length - 1;
    for (let i = 0; i <= last; i++) {
      const limit = limits[i]!;
      this.keys.push(`${prefix}:t:${limit.name}:${tracker}`);
      this.letters += String.fromCharCode((i === last ? 65 : 97) + this.indexOf(limit));
    }
    return new Promise((resolve, reject) => {
      this.waiting.push({ limits, resolve, reject });
    });
  }

  args(): (string | number)[] {
    return [this.letters, ...this.limits.flatMap(({ intervalUs, depthUs }) => [intervalUs, depthUs])];
  }

  answer(backlogs: readonly number[]): void {
    let at = 0;
    for (const { limits, resolve } of this.waiting) {
      const end = at + limits.length;
      const allowed = backlogs[at]! >= 0;
      const own = backlogs.slice(at, end);
      resolve({ allowed, limits, backlogsUs: allowed ? own : own.map((backlog) => -1 - backlog) });
      at = end;
    }
  }

  fail(error: unknown): void {
    for (const { reject } of this.waiting) reject(error);
  }

  private indexOf(limit: Limit): number {
    const known = this.limits.indexOf(limit);
    return known === -1 ? this.limits.push(limit) - 1 : known;
  }
}
