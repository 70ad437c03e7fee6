import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { FetchedPage } from '../fetching/http-fetcher.js';
import { emptyStats, type RunStats } from '../runs/run-stats.js';
import type { Source } from '../../sources/index.js';
import { Crawl, type CrawlOptions, type CrawlPorts } from './crawl.js';
import type { Spider, StoredCounts } from './spider.js';

const ORIGIN = 'http://site.example';
const options: CrawlOptions = {
  source: { startUrls: [`${ORIGIN}/0`] } as Source,
  downloadDelayMs: 0,
  concurrentRequests: 2,
  retries: 0,
  retryBaseMs: 1,
};

/** Page n has `counts[n]` items, and leads to the next page. `onParsed` is told when the items have been handed over. */
function spiderOver(counts: readonly number[], onParsed: (page: number) => void = () => undefined): Spider {
  return {
    pipeline: undefined as never,
    version: () => '1',
    startRequests: ({ startUrls }) => startUrls.map((url) => ({ url, callback: 'page' })),
    *parse({ url }) {
      const page = Number(new URL(url).pathname.slice(1));
      for (let n = 0; n < (counts[page] ?? 0); n++) yield { item: `${page}:${n}` };
      if (page + 1 < counts.length) yield { request: { url: `${ORIGIN}/${page + 1}`, callback: 'page' } };
      onParsed(page);
    },
  };
}

const allItems = (counts: readonly number[]): string[] =>
  counts.flatMap((count, page) => Array.from({ length: count }, (_, n) => `${page}:${n}`));

/** A table: keeps what is committed, and the stats that came with it. */
class Table {
  readonly batches: unknown[][] = [];
  stats: RunStats | undefined;

  commit: CrawlPorts['commit'] = async (items, account) => {
    this.batches.push([...items]);
    this.stats = account({ inserted: items.length, updated: 0, unchanged: 0 });
  };
}

const fetchEmpty = async (url: string): Promise<FetchedPage> => ({ url, html: '', bytes: 1 });

let controller: AbortController;

beforeEach(() => {
  // Commits are also made by time: only a test that moves the clock wants these.
  vi.useFakeTimers({ toFake: ['performance'] });
  controller = new AbortController();
});
afterEach(() => vi.useRealTimers());

const run = (by: Spider, ports: Partial<CrawlPorts>, stats = emptyStats()): Promise<RunStats> =>
  new Crawl(by, options, { fetch: fetchEmpty, commit: new Table().commit, ...ports }, stats).run(
    controller.signal,
  );

describe('the commits of a crawl', () => {
  it('hold every item exactly once, whatever the pages hold and however storing counts them', async () => {
    const stored = fc.constantFrom<(n: number) => StoredCounts>(
      (n) => ({ inserted: n, updated: 0, unchanged: 0 }),
      (n) => ({ inserted: 0, updated: n, unchanged: 0 }),
      (n) => ({ inserted: 0, updated: 0, unchanged: n }),
    );
    const pages = fc.array(fc.integer({ min: 0, max: 150 }), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(pages, stored, async (counts, countsOf) => {
        const committed: unknown[] = [];
        let written: RunStats | undefined;
        const stats = await run(spiderOver(counts), {
          commit: async (items, account) => {
            committed.push(...items);
            written = account(countsOf(items.length));
          },
        });
        expect(committed).toEqual(allItems(counts));
        const { 'item/inserted': inserted, 'item/updated': updated, 'item/unchanged': unchanged } = stats;
        expect(inserted + updated + unchanged).toBe(committed.length);
        expect(stats.item_scraped_count).toBe(committed.length);
        expect(stats).toMatchObject({
          'downloader/response_count': counts.length,
          'downloader/response_bytes': counts.length,
        });
        expect(written).toEqual(stats);
      }),
    );
  });

  it('are made as soon as 100 items wait, not one for each page', async () => {
    const table = new Table();
    await run(spiderOver([40, 40, 40, 10, 10]), { commit: table.commit });
    expect(table.batches.map((batch) => batch.length)).toEqual([120, 20]);
  });

  it('are made when a second has passed, for a slow site too', async () => {
    const table = new Table();
    const slow = spiderOver([1, 1, 1, 1], () => void vi.advanceTimersByTime(600));
    await run(slow, { commit: table.commit });
    expect(table.batches.map((batch) => batch.length)).toEqual([2, 2, 0]);
  });

  it('do not count what storing did not count', async () => {
    const commit: CrawlPorts['commit'] = async (_, account) =>
      void account({ inserted: 0, updated: 0, unchanged: 0 });
    expect((await run(spiderOver([5]), { commit })).item_scraped_count).toBe(0);
  });

  it('give away a copy of the stats, which later pages do not change', async () => {
    const seen: [RunStats, RunStats][] = [];
    await run(spiderOver([100, 1]), {
      commit: async (items, account) => {
        const stats = account({ inserted: items.length, updated: 0, unchanged: 0 });
        seen.push([stats, { ...stats }]);
      },
    });
    expect(seen).toHaveLength(2);
    for (const [given, asItWas] of seen) expect(given).toEqual(asItWas);
  });

  it('end the crawl when they fail, with that error; what is under way is waited for, and nothing more is asked', async () => {
    const asked: string[] = [];
    const broken = new Error('database is down');
    const outcome = run(spiderOver([100, 1, 1, 1]), {
      fetch: async (url) => {
        asked.push(url);
        return fetchEmpty(url);
      },
      commit: () => Promise.reject(broken),
    });
    await expect(outcome).rejects.toBe(broken);
    expect(asked.length).toBeLessThanOrEqual(2);
  });
});

describe('an abort of the crawl', () => {
  const reason = new Error('lock lost');

  it('before it begins is thrown; nothing is asked or committed', async () => {
    controller.abort(reason);
    const asked: string[] = [];
    const table = new Table();
    const fetch = async (url: string): Promise<FetchedPage> => {
      asked.push(url);
      return fetchEmpty(url);
    };
    await expect(run(spiderOver([1, 1]), { fetch, commit: table.commit })).rejects.toBe(reason);
    expect(asked).toEqual([]);
    expect(table.batches).toEqual([]);
  });

  it('reaches the fetches under way, which is no failure of theirs, and nothing is committed afterwards', async () => {
    const table = new Table();
    const stats = emptyStats();
    const fetch = (url: string, signal: AbortSignal): Promise<FetchedPage> => {
      if (url.endsWith('/0')) return fetchEmpty(url);
      queueMicrotask(() => controller.abort(reason));
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))));
    };
    await expect(run(spiderOver([10, 10, 10]), { fetch, commit: table.commit }, stats)).rejects.toBe(reason);
    expect(table.batches).toEqual([]);
    expect(stats['retry/max_reached']).toBe(0);
  });

  it('commits nothing, also when enough items for a batch wait', async () => {
    const table = new Table();
    const spider = spiderOver([150, 1], () => controller.abort(reason));
    await expect(run(spider, { commit: table.commit })).rejects.toBe(reason);
    expect(table.batches.map((batch) => batch.length)).toEqual([]);
  });

  it('commits nothing, also when it comes with the last page', async () => {
    const table = new Table();
    const spider = spiderOver([3], () => controller.abort(reason));
    await expect(run(spider, { commit: table.commit })).rejects.toBe(reason);
    expect(table.batches).toEqual([]);
  });

  it('is thrown only when every fetch has come back, so that nothing goes on behind it', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const ended: string[] = [];
    const fetch = async (url: string): Promise<FetchedPage> => {
      controller.abort(reason);
      await promise;
      ended.push(url);
      return fetchEmpty(url);
    };
    const outcome = run(spiderOver([1]), { fetch }).catch((error: unknown) => [error, ...ended]);
    resolve();
    expect(await outcome).toEqual([reason, `${ORIGIN}/0`]);
  });
});

describe('politeness', () => {
  const DELAY_MS = 40;

  /** When each request of a crawl of three pages began, in milliseconds; the first `failing` ones fail. */
  async function startsOf(failing: number): Promise<number[]> {
    vi.useRealTimers();
    const starts: number[] = [];
    const spider: Spider = {
      ...spiderOver([]),
      startRequests: () => [0, 1, 2].map((n) => ({ url: `${ORIGIN}/${n}`, callback: 'page' })),
    };
    const fetch = async (url: string): Promise<FetchedPage> => {
      if (starts.push(performance.now()) <= failing) throw new Error('connection reset');
      return fetchEmpty(url);
    };
    const ports = { fetch, commit: new Table().commit };
    const polite = { ...options, downloadDelayMs: DELAY_MS, retries: 2 };
    await new Crawl(spider, polite, ports, emptyStats()).run(controller.signal);
    return starts;
  }

  // A timer may be a millisecond early, never more: there is a lower bound, and none above that a slow machine breaks.
  const gaps = (starts: readonly number[]): number[] =>
    starts.slice(1).map((start, n) => start - (starts[n] ?? 0));

  it('keeps the delay between the starts of two requests', async () => {
    const starts = await startsOf(0);
    expect(starts).toHaveLength(3);
    expect(Math.min(...gaps(starts))).toBeGreaterThan(DELAY_MS - 2);
  });

  it('keeps it for requests that are tried again, too: a site in trouble is not asked faster', async () => {
    const starts = await startsOf(2);
    expect(starts).toHaveLength(5);
    expect(Math.min(...gaps(starts))).toBeGreaterThan(DELAY_MS - 2);
  });
});
