import { Logger } from '@nestjs/common';
import { createCache } from 'cache-manager';
import fc from 'fast-check';
import { Keyv } from 'keyv';
import { Counter, Registry } from 'prom-client';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { CacheVersions } from './cache-versions.js';
import { LruStore } from './lru-store.js';
import { ReadCache } from './read-cache.js';

const TTL_MS = 60_000;

/** Versions as Redis would keep them. */
class FakeVersions {
  private readonly raised = new Map<string, number>();
  down = false;

  async current(namespace: string): Promise<string> {
    if (this.down) throw new Error('no answer');
    return String(this.raised.get(namespace) ?? 0);
  }

  async raise(namespace: string): Promise<void> {
    this.raised.set(namespace, (this.raised.get(namespace) ?? 0) + 1);
  }
}

/** A store that is there and never works. */
class BrokenStore extends LruStore {
  override get(): never {
    throw new Error('store is broken');
  }
  override set(): never {
    throw new Error('store is broken');
  }
}

let versions: FakeVersions;
let requests: Counter;

beforeAll(() => Logger.overrideLogger(false));
beforeEach(() => {
  vi.useFakeTimers();
  versions = new FakeVersions();
  requests = new Counter({
    name: 'x',
    help: 'x',
    labelNames: ['cache', 'result'],
    registers: [new Registry()],
  });
});
afterEach(() => vi.useRealTimers());

function cacheOver(store: LruStore): ReadCache {
  const cache = createCache({ stores: [new Keyv({ store, useKeyPrefix: false })] });
  const config = { ttlMs: TTL_MS, memoryEntries: 100 };
  const redis = { url: 'redis://spec', prefix: 'spec' };
  return new ReadCache(cache, versions as unknown as CacheVersions, config, redis, requests);
}

/** A fetch that counts, and answers with the number of the call. */
function counting(): { fetch: () => Promise<{ call: number }>; calls: () => number } {
  let call = 0;
  return { fetch: async () => ({ call: ++call }), calls: () => call };
}

async function counts(): Promise<Record<string, number>> {
  return Object.fromEntries(
    (await requests.get()).values.map(({ labels, value }) => [labels['result'], value]),
  );
}

describe('reading through the cache', () => {
  it('fetches once, and then answers with an equal copy', async () => {
    const cache = cacheOver(new LruStore(10));
    const { fetch, calls } = counting();
    const first = await cache.getOrFetch('quotes', 'a', fetch);
    first.call = 99;
    expect(await cache.getOrFetch('quotes', 'a', fetch)).toEqual({ call: 1 });
    expect(calls()).toBe(1);
    expect(await counts()).toEqual({ miss: 1, hit: 1 });
  });

  it('gives back every JSON value as it was fetched', async () => {
    const cache = cacheOver(new LruStore(1000));
    let key = 0;
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (value) => {
        const json: unknown = JSON.parse(JSON.stringify(value));
        key++;
        await cache.getOrFetch('quotes', String(key), async () => json);
        const again = await cache.getOrFetch('quotes', String(key), async () => 'fetched again');
        expect(again).toEqual(json);
      }),
    );
  });

  it('keeps keys and namespaces apart', async () => {
    const cache = cacheOver(new LruStore(10));
    const { fetch } = counting();
    expect(await cache.getOrFetch('quotes', 'a', fetch)).toEqual({ call: 1 });
    expect(await cache.getOrFetch('quotes', 'b', fetch)).toEqual({ call: 2 });
    expect(await cache.getOrFetch('sources', 'a', fetch)).toEqual({ call: 3 });
  });

  it('fetches again when the time is over', async () => {
    const cache = cacheOver(new LruStore(10));
    const { fetch } = counting();
    await cache.getOrFetch('quotes', 'a', fetch);
    vi.setSystemTime(Date.now() + TTL_MS - 1);
    expect(await cache.getOrFetch('quotes', 'a', fetch)).toEqual({ call: 1 });
    vi.setSystemTime(Date.now() + 2);
    expect(await cache.getOrFetch('quotes', 'a', fetch)).toEqual({ call: 2 });
  });

  it('fetches once however many ask at the same time', async () => {
    const cache = cacheOver(new LruStore(10));
    const { promise, resolve } = Promise.withResolvers<string>();
    const fetch = vi.fn(() => promise);
    const answers = Array.from({ length: 50 }, () => cache.getOrFetch('quotes', 'a', fetch));
    resolve('one answer');
    expect(new Set(await Promise.all(answers))).toEqual(new Set(['one answer']));
    expect(fetch).toHaveBeenCalledTimes(1);
  });
});

describe('a fetch that fails', () => {
  it('tells everybody who waited, and is not kept', async () => {
    const cache = cacheOver(new LruStore(10));
    const error = new Error('database is down');
    const fetch = vi.fn(() => Promise.reject(error));
    const answers = await Promise.allSettled(
      Array.from({ length: 20 }, () => cache.getOrFetch('quotes', 'a', fetch)),
    );
    expect(fetch).toHaveBeenCalledTimes(1);
    expect(answers).toEqual(Array.from({ length: 20 }, () => ({ status: 'rejected', reason: error })));
    await expect(cache.getOrFetch('quotes', 'a', async () => 'back')).resolves.toBe('back');
  });
});

describe('invalidating a namespace', () => {
  it('makes all of it be fetched again, and nothing else', async () => {
    const cache = cacheOver(new LruStore(10));
    const quotes = counting();
    const sources = counting();
    for (const key of ['a', 'b']) await cache.getOrFetch('quotes', key, quotes.fetch);
    await cache.getOrFetch('sources', 'a', sources.fetch);
    await cache.invalidate('quotes');
    for (const key of ['a', 'b']) await cache.getOrFetch('quotes', key, quotes.fetch);
    await cache.getOrFetch('sources', 'a', sources.fetch);
    expect([quotes.calls(), sources.calls()]).toEqual([4, 1]);
  });

  it('does not let a fetch that began before it answer those who ask after it', async () => {
    const cache = cacheOver(new LruStore(10));
    const { promise, resolve } = Promise.withResolvers<string>();
    const early = cache.getOrFetch('quotes', 'a', () => promise);
    await cache.invalidate('quotes');
    expect(await cache.getOrFetch('quotes', 'a', async () => 'new')).toBe('new');
    resolve('old');
    expect(await early).toBe('old');
    expect(await cache.getOrFetch('quotes', 'a', async () => 'newer')).toBe('new');
  });
});

describe('without a working cache', () => {
  it('only fetches while versions cannot be told, and goes on afterwards', async () => {
    const cache = cacheOver(new LruStore(10));
    const { fetch } = counting();
    await cache.getOrFetch('quotes', 'a', fetch);
    versions.down = true;
    expect(await cache.getOrFetch('quotes', 'a', fetch)).toEqual({ call: 2 });
    expect(await cache.getOrFetch('quotes', 'a', fetch)).toEqual({ call: 3 });
    versions.down = false;
    expect(await cache.getOrFetch('quotes', 'a', fetch)).toEqual({ call: 1 });
    expect(await counts()).toEqual({ miss: 1, hit: 1, error: 2 });
  });

  it('only fetches when the store can neither read nor write', async () => {
    const cache = cacheOver(new BrokenStore(10));
    const { fetch } = counting();
    expect(await cache.getOrFetch('quotes', 'a', fetch)).toEqual({ call: 1 });
    expect(await cache.getOrFetch('quotes', 'a', fetch)).toEqual({ call: 2 });
  });

  it('fetches anew what somebody else has spoilt in the store', async () => {
    const store = new LruStore(10);
    store.set('spec:cache:quotes:0:a', JSON.stringify({ value: '{"half' }));
    expect(await cacheOver(store).getOrFetch('quotes', 'a', async () => 'whole')).toBe('whole');
  });
});
