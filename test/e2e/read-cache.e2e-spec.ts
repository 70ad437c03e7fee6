import fc from 'fast-check';
import { Redis } from 'ioredis';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it, vi } from 'vitest';
import { z } from 'zod';
import { NotFoundError } from '../../src/core/errors/index.js';
import { CachedDocument, cachedRead } from '../../src/platform/caching/index.js';
import { type CacheNode, startCacheNode } from '../support/cache-node.js';
import { eventually } from '../support/eventually.js';

let redis: Redis;
let prefix: string;
let nodes: CacheNode[];

beforeAll(() => (redis = new Redis(inject('redisUrl'))));
afterAll(() => redis.disconnect());
beforeEach(() => {
  prefix = `test-${randomUUID().slice(0, 8)}`;
  nodes = [];
});
afterEach(async () => {
  await Promise.all(nodes.map((node) => node.close()));
});

async function start(env: Record<string, string> = {}): Promise<CacheNode> {
  const node = await startCacheNode({
    DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
    REDIS_URL: inject('redisUrl'),
    REDIS_PREFIX: prefix,
    // Generous, for the machine may be busy; the tests of a silent Redis are elsewhere.
    CACHE_REDIS_TIMEOUT_MS: '2000',
    ...env,
  });
  nodes.push(node);
  return node;
}

const answer = z.object({ call: z.int() });
const READ = cachedRead(answer, { cache: 'read', tags: ['things'] });
const SHORT = cachedRead(answer, { cache: 'short', tags: ['things'], ttl: 50, staleWhileRevalidate: 0 });
const RENEWED = cachedRead(answer, {
  cache: 'renewed',
  tags: ['things'],
  ttl: 50,
  staleWhileRevalidate: 60_000,
});
const EXPENSIVE = cachedRead(answer, { cache: 'expensive', tags: ['things'], expensive: true });

/** A fetch that answers with the number of the call. */
function counting() {
  let call = 0;
  return vi.fn(async () => ({ call: ++call }));
}

const failing = async (): Promise<never> => {
  throw new Error('the database is away');
};

/** Every key of this test in Redis. */
const keysInRedis = async (): Promise<string[]> => redis.keys(`${prefix}:*`);
const storedKeys = async (): Promise<string[]> => redis.keys(`${prefix}:cache:read:*`);
const stored = async (count: number): Promise<string[]> =>
  eventually(`${count} reads in Redis`, async () => {
    const keys = await storedKeys();
    return keys.length >= count ? keys : undefined;
  });

describe('a read', () => {
  it('is fetched once, however many ask at the same time, and then comes from memory without a promise', async () => {
    const { cache, metric } = await start();
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
    const [one, other] = [await start(), await start()];
    let key = 0;
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (given) => {
        const value: unknown = JSON.parse(JSON.stringify(given));
        const name = `value ${++key}`;
        await one.cache.getOrFetch(name, async () => value, READ);
        expect(await one.cache.getOrFetch(name, failing, READ)).toEqual(value);
        await stored(key);
        expect(await other.cache.getOrFetch(name, failing, READ)).toEqual(value);
      }),
      { numRuns: 60 },
    );
  });

  it('that another process has stored fills the memory', async () => {
    const [one, other] = [await start(), await start()];
    await one.cache.getOrFetch('a', counting(), READ);
    await stored(1);
    expect(await other.cache.getOrFetch('a', failing, READ)).toEqual({ call: 1 });
    await redis.del(await keysInRedis());
    expect(other.cache.getDocument('a', failing, READ)).toBeInstanceOf(CachedDocument);
    expect(await other.metric('gleaner_cache_requests_total', { result: 'hit', tier: 'redis' })).toBe(1);
  });

  it('is kept apart from other keys, kinds and shapes', async () => {
    const { cache } = await start();
    const fetch = counting();
    const other = cachedRead(answer, { cache: 'other', tags: ['things'] });
    const shaped = cachedRead(answer.extend({ more: z.string() }), { cache: 'read', tags: ['things'] });
    for (const [index, options] of [READ, other, shaped].entries())
      expect(await cache.getOrFetch('a', fetch, options)).toEqual({ call: index + 1 });
    expect(await cache.getOrFetch('b', fetch, READ)).toEqual({ call: 4 });
  });

  it('is not cached at all when caching is switched off', async () => {
    const { cache } = await start({ CACHE_TTL_MS: '0' });
    const fetch = counting();
    expect([await cache.getOrFetch('a', fetch, READ), await cache.getOrFetch('a', fetch, READ)]).toEqual([
      { call: 1 },
      { call: 2 },
    ]);
    expect(await storedKeys()).toEqual([]);
  });
});

describe('an expensive read', () => {
  it('is fetched once, however many processes ask at the same time', async () => {
    const all = [await start(), await start(), await start()];
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
      (await redis.keys(`${prefix}:cache:lock:*`)).length === 0 ? true : undefined,
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
    const [one, other] = [await start(), await start()];
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
    const version = await redis.get(`${prefix}:cache:version:things`);
    await redis.set(`${prefix}:cache:lock:expensive:${EXPENSIVE.schema}:b@${version}`, 'dead', 'PX', 60_000);
    expect(await one.cache.getOrFetch('b', fetch, EXPENSIVE)).toEqual({ call: 2 });
  });
});

describe('a read that is past its time', () => {
  it('is fetched anew', async () => {
    const { cache } = await start();
    const fetch = counting();
    await cache.getOrFetch('a', fetch, SHORT);
    await eventually('another fetch', async () =>
      (await cache.getOrFetch('a', fetch, SHORT)).call > 1 ? true : undefined,
    );
  });

  it('is answered at once while one caller refreshes it, if it may be', async () => {
    const { cache, metric } = await start();
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
    const { cache, metric } = await start({ CACHE_NEGATIVE_TTL_MS: '60000' });
    const ask = async () => cache.getOrFetch('a', absent, READ);
    for (let n = 0; n < 5; n++) await expect(ask()).rejects.toBeInstanceOf(NotFoundError);
    expect(absent).toHaveBeenCalledTimes(1);
    expect(await metric('gleaner_cache_requests_total', { result: 'negative_hit' })).toBe(4);
    // Redis stays free of what anybody can make up.
    expect(await storedKeys()).toEqual([]);
    await cache.invalidate(['things']);
    expect(await cache.getOrFetch('a', counting(), READ)).toEqual({ call: 1 });
  });

  it('is asked for again after its short time', async () => {
    absent.mockClear();
    const { cache } = await start({ CACHE_NEGATIVE_TTL_MS: '20' });
    await eventually('to be asked again', async () => {
      await expect(cache.getOrFetch('a', absent, READ)).rejects.toBeInstanceOf(NotFoundError);
      return absent.mock.calls.length > 1 ? true : undefined;
    });
  });
});

describe('a fetch that fails', () => {
  it('tells everybody who waited, and is not kept', async () => {
    const { cache } = await start();
    const fetch = vi.fn(failing);
    const answers = await Promise.allSettled(
      Array.from({ length: 20 }, async () => cache.getOrFetch('a', fetch, READ)),
    );
    expect(fetch).toHaveBeenCalledTimes(1);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set(['rejected']));
    expect(await cache.getOrFetch('a', counting(), READ)).toEqual({ call: 1 });
  });

  it('is answered as it was, from memory or from Redis, and tried again a second later at the earliest', async () => {
    const [one, other] = [await start(), await start()];
    await one.cache.getOrFetch('a', counting(), SHORT);
    await stored(1);
    await one.cache.invalidate(['things']);
    for (const { cache, metric } of [one, other]) {
      const fetch = vi.fn(failing);
      for (let n = 0; n < 10; n++) expect(await cache.getOrFetch('a', fetch, SHORT)).toEqual({ call: 1 });
      expect(fetch.mock.calls.length).toBeLessThanOrEqual(2);
      expect(await metric('gleaner_cache_requests_total', { result: 'stale_if_error' })).toBe(10);
    }
    const back = counting();
    await eventually('the database to be asked again', async () => {
      await one.cache.getOrFetch('a', back, SHORT);
      return back.mock.calls.length > 0 ? true : undefined;
    });
  });

  it('is not answered as it was after that time', async () => {
    const { cache } = await start({ CACHE_STALE_IF_ERROR_MS: '0' });
    await cache.getOrFetch('a', counting(), SHORT);
    await expect(
      eventually('a failure', async () => {
        const answered = await cache.getOrFetch('a', failing, SHORT).catch((error: Error) => error);
        return answered instanceof Error ? answered.message : undefined;
      }),
    ).resolves.toBe('the database is away');
  });

  it('for a reason that is an answer is that answer, whatever was known', async () => {
    const { cache } = await start();
    await cache.getOrFetch('a', counting(), READ);
    await cache.invalidate(['things']);
    const gone = async (): Promise<never> => {
      throw new NotFoundError('thing', 'a');
    };
    await expect(cache.getOrFetch('a', gone, READ)).rejects.toBeInstanceOf(NotFoundError);
  });

  it('by taking too long is answered as it was, without another one beside it', async () => {
    const { cache } = await start({ CACHE_FETCH_PATIENCE_MS: '50' });
    await cache.getOrFetch('a', counting(), READ);
    await cache.invalidate(['things']);
    let finish: (value: { call: number }) => void = () => undefined;
    const slow = vi.fn(async () => new Promise<{ call: number }>((resolve) => (finish = resolve)));
    for (let n = 0; n < 10; n++) expect(await cache.getOrFetch('a', slow, READ)).toEqual({ call: 1 });
    expect(slow).toHaveBeenCalledTimes(1);
    finish({ call: 2 });
    await eventually('what it found', async () =>
      (await cache.getOrFetch('a', slow, READ)).call === 2 ? true : undefined,
    );
    expect(slow).toHaveBeenCalledTimes(1);
  });
});

describe('a change', () => {
  it('is seen at once by who made it, and soon by every other process', async () => {
    const [one, other] = [await start(), await start()];
    const fetch = counting();
    for (const { cache } of [one, other]) await cache.getOrFetch('a', fetch, READ);
    await one.cache.invalidate(['things']);
    const changedAt = performance.now();
    expect(await one.cache.getOrFetch('a', fetch, READ)).toEqual({ call: fetch.mock.calls.length });
    const seen = await eventually('the other to see it', async () => {
      const { call } = await other.cache.getOrFetch('a', fetch, READ);
      return call >= 2 ? performance.now() : undefined;
    });
    expect(seen - changedAt).toBeLessThan(1000);
  });

  it('is seen within a second when no message of it ever comes', async () => {
    const [one, other] = [await start(), await start()];
    let current = 1;
    const fetch = async () => ({ call: current });
    await other.cache.getOrFetch('a', fetch, READ);
    const cutting = cutSubscribers();
    for (; current <= 3; current++) {
      expect(await other.cache.getOrFetch('a', fetch, READ)).toEqual({ call: current });
      const next = current + 1;
      const changed = async () => ({ call: next });
      await one.cache.invalidate(['things']);
      const changedAt = performance.now();
      await eventually('the other to see it', async () => {
        const { call } = await other.cache.getOrFetch('a', changed, READ);
        return call === next ? true : undefined;
      });
      expect(performance.now() - changedAt).toBeLessThan(1000);
    }
    expect(await cutting()).toBeGreaterThan(0);
  });

  /** Cuts the connections on which this test's processes listen, again and again. */
  function cutSubscribers(): () => Promise<number> {
    let cut = 0;
    const stop = new AbortController();
    const loop = (async () => {
      while (!stop.signal.aborted) {
        const clients = String(await redis.client('LIST')).split('\n');
        for (const client of clients.filter((line) => line.includes(`name=${prefix}:cache-changes`))) {
          await redis.client('KILL', 'ID', Number(/^id=(\d+)/.exec(client)?.[1])).catch(() => undefined);
          cut++;
        }
        await new Promise(setImmediate);
      }
      return cut;
    })();
    return async () => {
      stop.abort();
      return loop;
    };
  }

  it('is not undone by a fetch that began before it, in no process', async () => {
    const [one, other] = [await start(), await start()];
    let finish: (value: { call: number }) => void = () => undefined;
    const slow = vi.fn(async () => new Promise<{ call: number }>((resolve) => (finish = resolve)));
    const early = one.cache.getOrFetch('a', slow, READ);
    await eventually('the fetch to begin', async () => (slow.mock.calls.length > 0 ? true : undefined));
    await other.cache.invalidate(['things']);
    // Until it has heard of the change it may join the look-up that goes on.
    const late = await eventually('a look-up of its own', async () =>
      Promise.race([one.cache.getOrFetch('a', async () => ({ call: 2 }), READ), delay(25, undefined)]),
    );
    expect(late).toEqual({ call: 2 });
    finish({ call: 1 });
    expect(await early).toEqual({ call: 1 });
    await stored(1);
    for (const { cache } of [one, other])
      expect(await cache.getOrFetch('a', async () => ({ call: 2 }), READ)).toEqual({ call: 2 });
  });

  it('is not undone when the fetch that began before it is alone', async () => {
    const node = await start();
    let finish: (value: { call: number }) => void = () => undefined;
    const slow = vi.fn(async () => new Promise<{ call: number }>((resolve) => (finish = resolve)));
    const early = node.cache.getOrFetch('a', slow, READ);
    await eventually('the fetch to begin', async () => (slow.mock.calls.length > 0 ? true : undefined));
    await node.cache.invalidate(['things']);
    finish({ call: 1 });
    await early;
    expect(await node.cache.getOrFetch('a', async () => ({ call: 2 }), READ)).toEqual({ call: 2 });
  });

  it('touches only what has its tag', async () => {
    const { cache } = await start();
    const other = cachedRead(answer, { cache: 'other', tags: ['others'] });
    const fetch = counting();
    await cache.getOrFetch('a', fetch, other);
    await cache.invalidate(['things']);
    expect(await cache.getOrFetch('a', fetch, other)).toEqual({ call: 1 });
  });

  it('of long ago does not come back when Redis has lost all it knew', async () => {
    const { cache } = await start();
    await cache.getOrFetch('a', async () => ({ call: 1 }), READ);
    await cache.invalidate(['things']);
    await cache.getOrFetch('b', async () => ({ call: 1 }), READ);
    await redis.del(await keysInRedis());
    await eventually(
      'a new version',
      async () => (await redis.get(`${prefix}:cache:version:things`)) ?? undefined,
    );
    await cache.invalidate(['things']);
    for (const key of ['a', 'b'])
      expect(await cache.getOrFetch(key, async () => ({ call: 2 }), READ)).toEqual({ call: 2 });
  });
});

describe('Redis', () => {
  const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array));
  const foreign = fc.oneof(
    bytes,
    fc.string().map((text) => Buffer.from(`"gleaner-read-1 ${text}`)),
    fc.string().map((text) => Buffer.from(JSON.stringify(`gleaner-read-1 ${text}`))),
    // What the store would make something else of than text.
    fc
      .constantFrom('"_function_x|() => 1"', '{"_constructor-name_":"x"}', '"_date_x"')
      .map((text) => Buffer.from(text)),
  );
  const keyOf = (name: string): string => `${prefix}:cache:read:read:${READ.schema}:${name}`;

  it('may hold anything under our keys: it is a miss, and counted', async () => {
    const { cache, metric } = await start();
    let key = 0;
    await fc.assert(
      fc.asyncProperty(foreign, async (value) => {
        await redis.set(keyOf(`k${++key}`), value, 'PX', 60_000);
        expect(await cache.getOrFetch(`k${key}`, async () => ({ call: key }), READ)).toEqual({ call: key });
      }),
      { numRuns: 300 },
    );
    await redis.hset(keyOf('other type'), 'field', 'value');
    expect(await cache.getOrFetch('other type', async () => ({ call: 0 }), READ)).toEqual({ call: 0 });
    expect(await metric('gleaner_cache_redis_corrupt_total')).toBe(key);
    expect(await metric('gleaner_cache_redis_errors_total')).toBeGreaterThan(0);
  });

  it('may spoil what is ours: it is a miss, or still right', async () => {
    const [writer, reader] = [await start(), await start()];
    let key = 0;
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 8 }), async (at, wrong) => {
        const name = `k${++key}`;
        await writer.cache.getOrFetch(name, async () => ({ call: key }), READ);
        await stored(key);
        const value = (await redis.getBuffer(keyOf(name))) ?? Buffer.alloc(0);
        const place = at % value.length;
        value.set(wrong.subarray(0, value.length - place), place);
        await redis.set(keyOf(name), value, 'PX', 60_000);
        const { call } = await reader.cache.getOrFetch(name, async () => ({ call: -1 }), READ);
        expect([key, -1]).toContain(call);
      }),
      { numRuns: 200 },
    );
    expect(await reader.metric('gleaner_cache_redis_corrupt_total')).toBeGreaterThan(50);
  });

  it('gets nothing that is too large, and only what will expire', async () => {
    const node = await start({ CACHE_ENTRY_BYTES: '1000' });
    const text = z.string();
    const texts = cachedRead(text, { cache: 'texts', tags: ['things'] });
    await node.cache.getOrFetch('large', async () => 'x'.repeat(1000), texts);
    await node.cache.getOrFetch('small', async () => 'x'.repeat(900), texts);
    const keys = await stored(1);
    expect(keys).toEqual([`${prefix}:cache:read:texts:${texts.schema}:small`]);
    expect(await redis.pttl(keys[0] ?? '')).toBeGreaterThan(0);
    expect(await node.metric('gleaner_cache_too_large_total')).toBe(1);
    expect(node.cache.getDocument('large', async () => 'again', texts)).toBeInstanceOf(Promise);
  });

  it('never holds more bytes of it than it may, whatever clients ask for', async () => {
    const budget = 50_000;
    const node = await start({ CACHE_REDIS_BYTES: String(budget) });
    const texts = cachedRead(z.string(), { cache: 'texts', tags: ['things'] });
    for (let n = 0; n < 300; n++) await node.cache.getOrFetch(`q=${n}`, async () => 'x'.repeat(n * 3), texts);
    await eventually('the last one in Redis', async () =>
      (await redis.exists(`${prefix}:cache:read:texts:${texts.schema}:q=299`)) ? true : undefined,
    );
    const keys = await storedKeys();
    expect(keys.length).toBeGreaterThan(10);
    let held = 0;
    for (const key of keys) held += key.length + (await redis.strlen(key));
    expect(held).toBeLessThanOrEqual(budget);
    expect(await node.metric('gleaner_cache_redis_evictions_total')).toBeGreaterThan(200);
    expect(await node.metric('gleaner_cache_redis_bytes')).toBeLessThanOrEqual(budget);
    // The account agrees with what is there.
    expect(await redis.zcard(`${prefix}:cache:index`)).toBe(keys.length);
    // Long questions have short names.
    await node.cache.getOrFetch('q'.repeat(5000), async () => 'x', texts);
    await eventually('a short name', async () =>
      (await storedKeys()).some((key) => key.includes('#')) ? true : undefined,
    );
    for (const key of await storedKeys()) expect(key.length).toBeLessThan(200);
  });
});
