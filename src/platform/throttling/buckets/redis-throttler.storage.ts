import type { ThrottlerStorage } from '@nestjs/throttler';
import { type Limit, limitOfInterval, standingOf } from './limit.js';
import type { TokenBuckets } from './token-buckets.js';

type Hit = Awaited<ReturnType<ThrottlerStorage['increment']>>;

/** Limits that are remembered: an application has a few, and a computed one must not fill the memory. */
const REMEMBERED = 1000;

/**
 * The storage of `@nestjs/throttler`, as token buckets: `limit` tokens, all of them back after `ttl` milliseconds, one
 * by one. A bucket needs no `blockDuration`: who is refused may come again as soon as there is a token.
 */
export class RedisThrottlerStorage implements ThrottlerStorage {
  private readonly known = new Map<string, readonly Limit[]>();

  constructor(private readonly buckets: TokenBuckets) {}

  async increment(
    key: string,
    ttl: number,
    limit: number,
    _blockDuration: number,
    throttlerName: string,
  ): Promise<Hit> {
    const { allowed, limits, backlogsUs } = await this.buckets.take(
      this.limitsOf(ttl, limit, throttlerName),
      key,
    );
    const standing = standingOf(limits[0]!, backlogsUs[0]!);
    return {
      totalHits: allowed ? limit - standing.remaining : limit + 1,
      timeToExpire: standing.resetSeconds,
      isBlocked: !allowed,
      timeToBlockExpire: allowed ? 0 : standing.waitSeconds,
    };
  }

  private limitsOf(ttl: number, limit: number, name: string): readonly Limit[] {
    const id = `${name} ${limit}/${ttl}`;
    const known = this.known.get(id);
    if (known) return known;
    const limits = [limitOfInterval(name, limit, (ttl * 1000) / Math.max(1, limit))];
    if (this.known.size >= REMEMBERED) this.known.clear();
    this.known.set(id, limits);
    return limits;
  }
}
