import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { NotFoundError } from '../../src/core/errors/index.js';
import { cachedRead } from '../../src/platform/caching/index.js';
import { CacheNodes, answer, counting, failing, READ } from '../support/cache-node.js';
import { eventually } from '../support/eventually.js';

let nodes: CacheNodes;

beforeEach(() => (nodes = new CacheNodes()));
afterEach(() => nodes.close());

const SHORT = cachedRead(answer, { cache: 'short', tags: ['things'], ttl: 50, staleWhileRevalidate: 0 });

describe('a fetch that fails', () => {
  it('tells everybody who waited, and is not kept', async () => {
    const { cache } = await nodes.start();
    const fetch = vi.fn(failing);
    const answers = await Promise.allSettled(
      Array.from({ length: 20 }, async () => cache.getOrFetch('a', fetch, READ)),
    );
    expect(fetch).toHaveBeenCalledTimes(1);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set(['rejected']));
    expect(await cache.getOrFetch('a', counting(), READ)).toEqual({ call: 1 });
  });

  it('is answered as it was, from memory or from Redis, and tried again a second later at the earliest', async () => {
    const [one, other] = [await nodes.start(), await nodes.start()];
    await one.cache.getOrFetch('a', counting(), SHORT);
    await nodes.stored(1);
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
    const { cache } = await nodes.start({ CACHE_STALE_IF_ERROR_MS: '0' });
    await cache.getOrFetch('a', counting(), SHORT);
    await expect(
      eventually('a failure', async () => {
        const answered = await cache.getOrFetch('a', failing, SHORT).catch((error: Error) => error);
        return answered instanceof Error ? answered.message : undefined;
      }),
    ).resolves.toBe('the database is away');
  });

  it('for a reason that is an answer is that answer, whatever was known', async () => {
    const { cache } = await nodes.start();
    await cache.getOrFetch('a', counting(), READ);
    await cache.invalidate(['things']);
    const gone = async (): Promise<never> => {
      throw new NotFoundError('thing', 'a');
    };
    await expect(cache.getOrFetch('a', gone, READ)).rejects.toBeInstanceOf(NotFoundError);
  });

  it('by taking too long is answered as it was, without another one beside it', async () => {
    const { cache } = await nodes.start({ CACHE_FETCH_PATIENCE_MS: '50' });
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
    const [one, other] = [await nodes.start(), await nodes.start()];
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
    const [one, other] = [await nodes.start(), await nodes.start()];
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
        const clients = String(await nodes.redis.client('LIST')).split('\n');
        for (const client of clients.filter((line) => line.includes(`name=${nodes.prefix}:cache-changes`))) {
          await nodes.redis
            .client('KILL', 'ID', Number(/^id=(\d+)/.exec(client)?.[1]))
            .catch(() => undefined);
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
    const [one, other] = [await nodes.start(), await nodes.start()];
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
    await nodes.stored(1);
    for (const { cache } of [one, other])
      expect(await cache.getOrFetch('a', async () => ({ call: 2 }), READ)).toEqual({ call: 2 });
  });

  it('is not undone when the fetch that began before it is alone', async () => {
    const node = await nodes.start();
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
    const { cache } = await nodes.start();
    const other = cachedRead(answer, { cache: 'other', tags: ['others'] });
    const fetch = counting();
    await cache.getOrFetch('a', fetch, other);
    await cache.invalidate(['things']);
    expect(await cache.getOrFetch('a', fetch, other)).toEqual({ call: 1 });
  });

  it('of long ago does not come back when Redis has lost all it knew', async () => {
    const { cache } = await nodes.start();
    await cache.getOrFetch('a', async () => ({ call: 1 }), READ);
    await cache.invalidate(['things']);
    await cache.getOrFetch('b', async () => ({ call: 1 }), READ);
    await nodes.forget();
    await eventually(
      'a new version',
      async () => (await nodes.redis.get(`${nodes.prefix}:cache:version:things`)) ?? undefined,
    );
    await cache.invalidate(['things']);
    for (const key of ['a', 'b'])
      expect(await cache.getOrFetch(key, async () => ({ call: 2 }), READ)).toEqual({ call: 2 });
  });
});
