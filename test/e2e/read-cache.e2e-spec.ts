import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { NotFoundError } from '../../src/core/errors/index.js';
import { CachedDocument, cachedRead } from '../../src/platform/caching/index.js';
import { CacheNodes, answer, counting, failing, READ, type CacheNode } from '../support/cache-node.js';
import { eventually } from '../support/eventually.js';

let nodes: CacheNodes;

beforeEach(() => (nodes = new CacheNodes()));
afterEach(() => nodes.close());

const SHORT = cachedRead(answer, { cache: 'short', tags: ['things'], ttl: 50, staleWhileRevalidate: 0 });
const RENEWED = cachedRead(answer, {
  cache: 'renewed',
  tags: ['things'],
  ttl: 50,
  staleWhileRevalidate: 60_000,
});
const EXPENSIVE = cachedRead(answer, { cache: 'expensive', tags: ['things'], expensive: true });

describe('a read', () => {
  it('is fetched once, however many ask at the same time, and then comes from memory without a promise', async () => {
    const { cache, metric } = await nodes.start();
    const fetch = counting();
    const answers = await Promise.all(
      Array.from({ length: 50 }, async () => cache.getOrFetch('a', fetch, READ)),
    );
    expect(new Set(answers.map(({ call }) => call))).toEqual(new Set([1]));
    expect(cache.getDocument('a', fetch, READ)).toBeInstanceOf(CachedDocument);
    expect(fetch).toHaveBeenCalledTimes(1);
    expect(await metric('gleaner_cache_requests_total', { cache: 'read', result: 'shared' })).toBe(49);
    expect(await metric('gleaner_cache_requests_total', { cache: 'read', result: 'miss' })).toBe(1);
    expect(await metric('gleaner_cache_requests_total', { result: 'hit', tier: 'memory' })).toBe(1);
    expect(await metric('gleaner_cache_hit_ratio', { cache: 'read' })).toBeCloseTo(50 / 51);
  });

  it('gives every JSON value back as it was fetched, from memory and from Redis', async () => {
    const [one, other] = [await nodes.start(), await nodes.start()];
    let key = 0;
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (given) => {
        const value: unknown = JSON.parse(JSON.stringify(given));
        const name = `value ${++key}`;
        await one.cache.getOrFetch(name, async () => value, READ);
        expect(await one.cache.getOrFetch(name, failing, READ)).toEqual(value);
        await nodes.stored(key);
        expect(await other.cache.getOrFetch(name, failing, READ)).toEqual(value);
      }),
      { numRuns: 60 },
    );
  });

  it('that another process has stored fills the memory', async () => {
    const [one, other] = [await nodes.start(), await nodes.start()];
    await one.cache.getOrFetch('a', counting(), READ);
    await nodes.stored(1);
    expect(await other.cache.getOrFetch('a', failing, READ)).toEqual({ call: 1 });
    await nodes.forget();
    expect(other.cache.getDocument('a', failing, READ)).toBeInstanceOf(CachedDocument);
    expect(await other.metric('gleaner_cache_requests_total', { result: 'hit', tier: 'redis' })).toBe(1);
  });

  it('is kept apart from other keys, kinds and shapes', async () => {
    const { cache } = await nodes.start();
    const fetch = counting();
    const other = cachedRead(answer, { cache: 'other', tags: ['things'] });
    const shaped = cachedRead(answer.extend({ more: z.string() }), { cache: 'read', tags: ['things'] });
    for (const [index, options] of [READ, other, shaped].entries())
      expect(await cache.getOrFetch('a', fetch, options)).toEqual({ call: index + 1 });
    expect(await cache.getOrFetch('b', fetch, READ)).toEqual({ call: 4 });
  });

  it('is not cached at all when caching is switched off', async () => {
    const { cache } = await nodes.start({ CACHE_TTL_MS: '0' });
    const fetch = counting();
    expect([await cache.getOrFetch('a', fetch, READ), await cache.getOrFetch('a', fetch, READ)]).toEqual([
      { call: 1 },
      { call: 2 },
    ]);
    expect(await nodes.storedKeys()).toEqual([]);
  });
});

describe('an expensive read', () => {
  it('is fetched once, however many processes ask at the same time', async () => {
    const all = [await nodes.start(), await nodes.start(), await nodes.start()];
    const fetch = vi.fn(async () => {
      await eventually('the others to wait', async () => (await waiting(all)) || undefined);
      return { call: fetch.mock.calls.length };
    });
    const answers = await Promise.all(
      all.flatMap(({ cache }) => [1, 2, 3].map(async () => cache.getOrFetch('a', fetch, EXPENSIVE))),
    );
    expect(fetch).toHaveBeenCalledTimes(1);
    expect(answers).toEqual(Array.from({ length: 9 }, () => ({ call: 1 })));
    await eventually('the lock to be released', async () =>
      (await nodes.redis.keys(`${nodes.prefix}:cache:lock:*`)).length === 0 ? true : undefined,
    );
  });

  /** Whether all of them have asked: two of three callers of each have joined the first. */
  async function waiting(all: readonly CacheNode[]): Promise<boolean> {
    const joined = await Promise.all(
      all.map((node) => node.metric('gleaner_cache_requests_total', { result: 'shared' })),
    );
    return joined.every((count) => count === 2);
  }

  it('is fetched by the next one when the first fails, and by everybody when a holder died', async () => {
    const [one, other] = [await nodes.start(), await nodes.start()];
    const fetch = counting();
    let fail: (error: Error) => void = () => undefined;
    const first = vi.fn(async () => new Promise<never>((_, reject) => (fail = reject)));
    const failed = one.cache.getOrFetch('a', first, EXPENSIVE);
    await eventually('the first to begin', async () => (first.mock.calls.length > 0 ? true : undefined));
    const next = other.cache.getOrFetch('a', fetch, EXPENSIVE);
    fail(new Error('the database is away'));
    await expect(failed).rejects.toThrow('the database is away');
    expect(await next).toEqual({ call: 1 });
    // What a process that was killed leaves behind: a lock that nobody will release.
    const version = await nodes.redis.get(`${nodes.prefix}:cache:version:things`);
    await nodes.redis.set(
      `${nodes.prefix}:cache:lock:expensive:${EXPENSIVE.schema}:b@${version}`,
      'dead',
      'PX',
      60_000,
    );
    expect(await one.cache.getOrFetch('b', fetch, EXPENSIVE)).toEqual({ call: 2 });
  });
});

describe('a read that is past its time', () => {
  it('is fetched anew', async () => {
    const { cache } = await nodes.start();
    const fetch = counting();
    await cache.getOrFetch('a', fetch, SHORT);
    await eventually('another fetch', async () =>
      (await cache.getOrFetch('a', fetch, SHORT)).call > 1 ? true : undefined,
    );
  });

  it('is answered at once while one caller refreshes it, if it may be', async () => {
    const { cache, metric } = await nodes.start();
    let refreshed: (value: { call: number }) => void = () => undefined;
    const fetch = vi
      .fn<() => Promise<{ call: number }>>()
      .mockResolvedValueOnce({ call: 1 })
      .mockImplementationOnce(async () => new Promise((resolve) => (refreshed = resolve)));
    await cache.getOrFetch('a', fetch, RENEWED);
    await eventually('a refresh to begin', async () => {
      expect(await cache.getOrFetch('a', fetch, RENEWED)).toEqual({ call: 1 });
      return fetch.mock.calls.length === 2 ? true : undefined;
    });
    // However many ask: nobody waits, and nobody fetches beside it.
    for (let n = 0; n < 20; n++) expect(await cache.getOrFetch('a', fetch, RENEWED)).toEqual({ call: 1 });
    expect(fetch).toHaveBeenCalledTimes(2);
    expect(await metric('gleaner_cache_requests_total', { result: 'stale_hit' })).toBeGreaterThanOrEqual(20);
    refreshed({ call: 2 });
    fetch.mockResolvedValue({ call: 2 });
    await eventually('the new value', async () =>
      (await cache.getOrFetch('a', fetch, RENEWED)).call === 2 ? true : undefined,
    );
  });
});

describe('what does not exist', () => {
  const absent = vi.fn(async (): Promise<never> => {
    throw new NotFoundError('thing', 'a');
  });

  it('is asked for once, until its short time is over or something has changed', async () => {
    absent.mockClear();
    const { cache, metric } = await nodes.start({ CACHE_NEGATIVE_TTL_MS: '60000' });
    const ask = async () => cache.getOrFetch('a', absent, READ);
    for (let n = 0; n < 5; n++) await expect(ask()).rejects.toBeInstanceOf(NotFoundError);
    expect(absent).toHaveBeenCalledTimes(1);
    expect(await metric('gleaner_cache_requests_total', { result: 'negative_hit' })).toBe(4);
    // Redis stays free of what anybody can make up.
    expect(await nodes.storedKeys()).toEqual([]);
    await cache.invalidate(['things']);
    expect(await cache.getOrFetch('a', counting(), READ)).toEqual({ call: 1 });
  });

  it('is asked for again after its short time', async () => {
    absent.mockClear();
    const { cache } = await nodes.start({ CACHE_NEGATIVE_TTL_MS: '20' });
    await eventually('to be asked again', async () => {
      await expect(cache.getOrFetch('a', absent, READ)).rejects.toBeInstanceOf(NotFoundError);
      return absent.mock.calls.length > 1 ? true : undefined;
    });
  });
});
