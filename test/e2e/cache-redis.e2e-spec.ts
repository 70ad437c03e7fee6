import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { cachedRead } from '../../src/platform/caching/index.js';
import { CacheNodes, READ } from '../support/cache-node.js';
import { eventually } from '../support/eventually.js';

let nodes: CacheNodes;

beforeEach(() => (nodes = new CacheNodes()));
afterEach(() => nodes.close());

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
  const keyOf = (name: string): string => `${nodes.prefix}:cache:read:read:${READ.schema}:${name}`;

  it('may hold anything under our keys: it is a miss, and counted', async () => {
    const { cache, metric } = await nodes.start();
    let key = 0;
    await fc.assert(
      fc.asyncProperty(foreign, async (value) => {
        await nodes.redis.set(keyOf(`k${++key}`), value, 'PX', 60_000);
        expect(await cache.getOrFetch(`k${key}`, async () => ({ call: key }), READ)).toEqual({ call: key });
      }),
      { numRuns: 300 },
    );
    await nodes.redis.hset(keyOf('other type'), 'field', 'value');
    expect(await cache.getOrFetch('other type', async () => ({ call: 0 }), READ)).toEqual({ call: 0 });
    expect(await metric('gleaner_cache_redis_corrupt_total')).toBe(key);
    expect(await metric('gleaner_cache_redis_errors_total')).toBeGreaterThan(0);
  });

  it('may spoil what is ours: it is a miss, or still right', async () => {
    const [writer, reader] = [await nodes.start(), await nodes.start()];
    let key = 0;
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 8 }), async (at, wrong) => {
        const name = `k${++key}`;
        await writer.cache.getOrFetch(name, async () => ({ call: key }), READ);
        await nodes.stored(key);
        const value = (await nodes.redis.getBuffer(keyOf(name))) ?? Buffer.alloc(0);
        const place = at % value.length;
        value.set(wrong.subarray(0, value.length - place), place);
        await nodes.redis.set(keyOf(name), value, 'PX', 60_000);
        const { call } = await reader.cache.getOrFetch(name, async () => ({ call: -1 }), READ);
        expect([key, -1]).toContain(call);
      }),
      { numRuns: 200 },
    );
    expect(await reader.metric('gleaner_cache_redis_corrupt_total')).toBeGreaterThan(50);
  });

  it('gets nothing that is too large, and only what will expire', async () => {
    const node = await nodes.start({ CACHE_ENTRY_BYTES: '1000' });
    const text = z.string();
    const texts = cachedRead(text, { cache: 'texts', tags: ['things'] });
    await node.cache.getOrFetch('large', async () => 'x'.repeat(1000), texts);
    await node.cache.getOrFetch('small', async () => 'x'.repeat(900), texts);
    const keys = await nodes.stored(1);
    expect(keys).toEqual([`${nodes.prefix}:cache:read:texts:${texts.schema}:small`]);
    expect(await nodes.redis.pttl(keys[0] ?? '')).toBeGreaterThan(0);
    expect(await node.metric('gleaner_cache_too_large_total')).toBe(1);
    expect(node.cache.getDocument('large', async () => 'again', texts)).toBeInstanceOf(Promise);
  });

  it('never holds more bytes of it than it may, whatever clients ask for', async () => {
    const budget = 50_000;
    const node = await nodes.start({ CACHE_REDIS_BYTES: String(budget) });
    const texts = cachedRead(z.string(), { cache: 'texts', tags: ['things'] });
    for (let n = 0; n < 300; n++) await node.cache.getOrFetch(`q=${n}`, async () => 'x'.repeat(n * 3), texts);
    await eventually('the last one in Redis', async () =>
      (await nodes.redis.exists(`${nodes.prefix}:cache:read:texts:${texts.schema}:q=299`)) ? true : undefined,
    );
    const keys = await nodes.storedKeys();
    expect(keys.length).toBeGreaterThan(10);
    let held = 0;
    for (const key of keys) held += key.length + (await nodes.redis.strlen(key));
    expect(held).toBeLessThanOrEqual(budget);
    expect(await node.metric('gleaner_cache_redis_evictions_total')).toBeGreaterThan(200);
    expect(await node.metric('gleaner_cache_redis_bytes')).toBeLessThanOrEqual(budget);
    // The account agrees with what is there.
    expect(await nodes.redis.zcard(`${nodes.prefix}:cache:index`)).toBe(keys.length);
    // Long questions have short names.
    await node.cache.getOrFetch('q'.repeat(5000), async () => 'x', texts);
    await eventually('a short name', async () =>
      (await nodes.storedKeys()).some((key) => key.includes('#')) ? true : undefined,
    );
    for (const key of await nodes.storedKeys()) expect(key.length).toBeLessThan(200);
  });
});
