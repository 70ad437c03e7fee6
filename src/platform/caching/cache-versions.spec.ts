import type { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CacheVersions } from './cache-versions.js';

/** The two commands that versions need, as Redis has them. */
class FakeRedis {
  readonly values = new Map<string, number>();
  reads = 0;
  down = false;

  async get(key: string): Promise<string | null> {
    this.reads++;
    if (this.down) throw new Error('connection lost');
    return this.values.get(key)?.toString() ?? null;
  }

  async incr(key: string): Promise<number> {
    if (this.down) throw new Error('connection lost');
    const next = (this.values.get(key) ?? 0) + 1;
    this.values.set(key, next);
    return next;
  }
}

let redis: FakeRedis;
const processOf = (shared: FakeRedis): CacheVersions =>
  new CacheVersions(shared as unknown as Redis, { url: 'redis://spec', prefix: 'spec' });

beforeEach(() => {
  vi.useFakeTimers();
  redis = new FakeRedis();
});
afterEach(() => vi.useRealTimers());

describe('the version of a namespace', () => {
  it('is 0 until it is raised, and one more each time', async () => {
    const versions = processOf(redis);
    expect(await versions.current('quotes')).toBe('0');
    await versions.raise('quotes');
    await versions.raise('quotes');
    expect(await versions.current('quotes')).toBe('2');
    expect(await versions.current('authors')).toBe('0');
  });

  it('is new for the process that raised it at once, and for every other within a second', async () => {
    const [one, other] = [processOf(redis), processOf(redis)];
    await other.current('quotes');
    await one.raise('quotes');
    expect(await one.current('quotes')).toBe('1');
    await vi.advanceTimersByTimeAsync(1000);
    expect(await other.current('quotes')).toBe('1');
  });

  it('is not asked for again within the second', async () => {
    const versions = processOf(redis);
    for (let n = 0; n < 100; n++) await versions.current('quotes');
    expect(redis.reads).toBe(1);
  });

  it('cannot be told while Redis is away, and is told again afterwards', async () => {
    const versions = processOf(redis);
    redis.down = true;
    await expect(versions.current('quotes')).rejects.toThrow('connection lost');
    await expect(versions.raise('quotes')).rejects.toThrow('connection lost');
    redis.down = false;
    expect(await versions.current('quotes')).toBe('0');
  });

  it('has a key of its own per installation and namespace', async () => {
    await processOf(redis).raise('quotes');
    expect([...redis.values.keys()]).toEqual(['spec:cache-version:quotes']);
  });
});
