import type { Decision, Limit } from './limit.js';

/** Buckets kept at most; about 100 bytes each. */
const MAX_BUCKETS = 20_000;

/**
 * Token buckets in the memory of this process, by the same algorithm as those in Redis (GCRA, ITU-T I.371): a bucket
 * is the time at which it will be full. When there are too many, the one that was asked least recently is forgotten;
 * its client begins with a full one, which takes somebody twenty thousand other addresses to bring about.
 */
export class LocalBuckets {
  /** In the order of their last use: a map keeps the order of insertion. */
  private readonly fullAt = new Map<string, number>();

  constructor(
    /** Microseconds of a clock that never jumps. */
    private readonly now: () => number = () => Math.round(performance.now() * 1000),
    private readonly maxBuckets = MAX_BUCKETS,
  ) {}

  get size(): number {
    return this.fullAt.size;
  }

  /** Takes a token from the client's bucket of each limit, or from none. */
  take(limits: readonly Limit[], tracker: string): Decision {
    const now = this.now();
    const keys = limits.map((limit) => `${limit.name}:${tracker}`);
    const before = keys.map((key) => Math.max(0, (this.fullAt.get(key) ?? now) - now));
    const after = before.map((backlog, index) => backlog + limits[index]!.intervalUs);
    const allowed = after.every((backlog, index) => backlog <= limits[index]!.depthUs);
    if (allowed) for (const [index, key] of keys.entries()) this.put(key, now + after[index]!);
    return { allowed, limits, backlogsUs: allowed ? after : before };
  }

  private put(key: string, fullAt: number): void {
    this.fullAt.delete(key);
    this.fullAt.set(key, fullAt);
    if (this.fullAt.size <= this.maxBuckets) return;
    const oldest = this.fullAt.keys().next();
    if (!oldest.done) this.fullAt.delete(oldest.value);
  }
}
