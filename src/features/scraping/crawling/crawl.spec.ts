import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConnectionFailedError, HttpStatusError } from '../fetching/fetch.errors.js';
import type { FetchedPage } from '../fetching/http-fetcher.js';
import { emptyStats, type RunStats } from '../runs/run-stats.js';
import type { PageFailure } from '../runs/run.entity.js';
import type { Source } from '../../sources/index.js';
import { Crawl, type CrawlOptions, type CrawlPorts } from './crawl.js';
import type { HtmlPage } from './html-page.js';
import type { ScrapeRequest, Spider, SpiderOutput } from './spider.js';

const ORIGIN = 'http://site.example';

/** Takes the text of every `<b>` for an item and every link for a request. */
const spider: Spider = {
  pipeline: undefined as never,
  version: () => '1',
  startRequests: ({ startUrls }) => startUrls.map((url) => ({ url, callback: 'page' })),
  *parse(page: HtmlPage): Iterable<SpiderOutput<unknown>> {
    for (const element of page.all('b')) yield { item: page.textOf(element) };
    for (const link of page.all('a')) {
      yield { request: { url: page.resolve(link.attribs['href'] ?? '') ?? 'not a URL', callback: 'page' } };
    }
  },
};

/** The outside of a crawl: pages by path, each an HTML text or an error; records what was asked and stored. */
class World implements CrawlPorts {
  readonly asked: string[] = [];
  readonly items: unknown[] = [];
  readonly failures: PageFailure[] = [];
  readonly batches: number[] = [];
  stats: RunStats | undefined;

  constructor(private readonly pages: Record<string, string | Error | (() => string)>) {}

  async fetch(url: string): Promise<FetchedPage> {
    const path = url.slice(ORIGIN.length);
    this.asked.push(path);
    const page = this.pages[path] ?? new HttpStatusError(url, 404);
    if (page instanceof Error) throw page;
    const html = typeof page === 'string' ? page : page();
    return { url, html, bytes: html.length };
  }

  async commit(
    items: readonly unknown[],
    account: Parameters<CrawlPorts['commit']>[1],
    failures: readonly PageFailure[],
  ): Promise<void> {
    this.batches.push(items.length);
    this.items.push(...items);
    this.failures.push(...failures);
    this.stats = account({ inserted: items.length, updated: 0, unchanged: 0 });
  }
}

const options: CrawlOptions = {
  source: { startUrls: [`${ORIGIN}/`] } as Source,
  downloadDelayMs: 0,
  concurrentRequests: 4,
  retries: 2,
  retryBaseMs: 1,
};

async function crawl(
  world: CrawlPorts,
  changed: Partial<CrawlOptions> = {},
  by: Spider = spider,
): Promise<RunStats> {
  return new Crawl(by, { ...options, ...changed }, world, emptyStats()).run(new AbortController().signal);
}

const links = (...hrefs: string[]): string => hrefs.map((href) => `<a href="${href}">x</a>`).join('');

describe('a crawl', () => {
  it('fetches every page of the host that is reachable exactly once, and commits each of its items once', async () => {
    const size = 12;
    const target = fc.oneof(
      { weight: 8, arbitrary: fc.nat(size - 1).map((n) => `/${n}`) },
      { weight: 2, arbitrary: fc.nat(size - 1).map((n) => `/${n}#part`) },
      { weight: 1, arbitrary: fc.constantFrom('http://other.example/1', 'mailto:a@b.c', '/missing') },
    );
    const graph = fc.array(fc.array(target, { maxLength: 5 }), { minLength: size, maxLength: size });
    await fc.assert(
      fc.asyncProperty(graph, fc.integer({ min: 1, max: 5 }), async (targets, concurrentRequests) => {
        const pages = Object.fromEntries(
          targets.map((hrefs, n) => [`/${n}`, `<b>item ${n}</b>${links(...hrefs)}`]),
        );
        const world = new World(pages);
        const stats = await crawl(world, {
          source: { startUrls: [`${ORIGIN}/0`] } as Source,
          concurrentRequests,
        });

        const expected = reachable(targets);
        expect(world.asked.toSorted()).toEqual([...expected].sort());
        const found = [...expected].filter((path) => path in pages).map((path) => `item ${path.slice(1)}`);
        expect(world.items.map(String).toSorted()).toEqual(found.sort());
        expect(stats).toMatchObject({
          'scheduler/enqueued': expected.size,
          'scheduler/dequeued': expected.size,
          item_scraped_count: found.length,
        });
        expect(world.stats).toEqual(stats);
      }),
    );
  });

  it('takes addresses that differ only in their fragment for one page, and counts what it left out', async () => {
    const world = new World({
      '/': links('/a', '/a#x', '#top', '/a?b', 'http://other.example/'),
      '/a': '',
      '/a?b': '',
    });
    const stats = await crawl(world);
    expect(world.asked.toSorted()).toEqual(['/', '/a', '/a?b']);
    expect(stats).toMatchObject({ 'dupefilter/filtered': 2, 'offsite/filtered': 1 });
  });

  it('gives the spider the page where it came from, and the callback that was asked for', async () => {
    const seen: [string, string][] = [];
    const following: Spider = {
      ...spider,
      *parse(page, callback) {
        seen.push([page.url, callback]);
        if (callback === 'page') yield { request: { url: `${ORIGIN}/a`, callback: 'detail' } };
      },
    };
    await crawl(new World({ '/': '', '/a': '' }), {}, following);
    expect(seen).toEqual([
      [`${ORIGIN}/`, 'page'],
      [`${ORIGIN}/a`, 'detail'],
    ]);
  });

  it.each([1, 2, 5])(
    'has never more than %i requests under way, and as many when it can',
    async (concurrentRequests) => {
      const hrefs = Array.from({ length: 30 }, (_, n) => `/${n}`);
      const world = new World({
        '/': links(...hrefs),
        ...Object.fromEntries(hrefs.map((href) => [href, ''])),
      });
      let underWay = 0;
      let most = 0;
      const fetch = async (url: string): Promise<FetchedPage> => {
        most = Math.max(most, ++underWay);
        await new Promise((resolve) => void setImmediate(resolve));
        underWay--;
        return world.fetch(url);
      };
      await crawl({ fetch, commit: world.commit.bind(world) }, { concurrentRequests });
      expect(most).toBe(concurrentRequests);
      expect(world.asked).toHaveLength(31);
    },
  );

  it('goes on counting from the stats of the attempt before', async () => {
    const before = {
      ...emptyStats(),
      'downloader/response_count': 5,
      item_scraped_count: 7,
      'item/inserted': 7,
    };
    const world = new World({ '/': '<b>new</b>' });
    const stats = await new Crawl(spider, options, world, before).run(new AbortController().signal);
    expect(stats).toMatchObject({
      'downloader/response_count': 6,
      item_scraped_count: 8,
      'item/inserted': 8,
    });
  });
});

describe('a page that cannot be had', () => {
  const passing = (): Error => new ConnectionFailedError(`${ORIGIN}/a`, new Error('reset'));

  it('is tried again as often as the option says when the error may pass', async () => {
    const world = new World({ '/': links('/a'), '/a': passing() });
    const stats = await crawl(world, { retries: 3 });
    expect(world.asked).toEqual(['/', '/a', '/a', '/a', '/a']);
    expect(stats).toMatchObject({ 'retry/count': 3, 'retry/max_reached': 1, 'downloader/request_count': 5 });
  });

  it('is not tried again when the error will not pass', async () => {
    const world = new World({ '/': links('/gone') });
    const stats = await crawl(world);
    expect(world.asked).toEqual(['/', '/gone']);
    expect(stats['retry/count']).toBe(0);
  });

  it('is no failure when a later try succeeds', async () => {
    let tries = 0;
    const flaky = (): string => {
      if (++tries < 3) throw passing();
      return '<b>at last</b>';
    };
    const world = new World({ '/': flaky });
    const stats = await crawl(world);
    expect(world.items).toEqual(['at last']);
    expect(world.failures).toEqual([]);
    expect(stats).toMatchObject({ 'retry/count': 2, 'retry/max_reached': 0 });
  });

  it('is recorded with its address and the code of the error, and the crawl goes on', async () => {
    const world = new World({ '/': links('/gone', '/a', '/b'), '/a': passing(), '/b': '<b>item</b>' });
    await crawl(world);
    expect(world.items).toEqual(['item']);
    expect(world.failures.toSorted((one, other) => one.url.localeCompare(other.url))).toEqual([
      { url: `${ORIGIN}/a`, code: 'fetch.connection', message: expect.stringContaining('reset') as string },
      { url: `${ORIGIN}/gone`, code: 'fetch.status', message: expect.stringContaining('404') as string },
    ]);
  });

  it('because the spider fails on it is recorded as a fault of the spider, its message cut', async () => {
    const broken: Spider = {
      ...spider,
      *parse(page) {
        yield { item: 'before' };
        throw new Error(`x${'y'.repeat(5000)} ${page.url}`);
      },
    };
    const world = new World({ '/': '' });
    await crawl(world, {}, broken);
    expect(world.items).toEqual(['before']);
    expect(world.failures).toEqual([
      { url: `${ORIGIN}/`, code: 'spider.exception', message: `x${'y'.repeat(999)}` },
    ]);
  });

  it('does not end the crawl when a link on it is no URL', async () => {
    const world = new World({ '/': links('/a', 'http://[half'), '/a': '<b>item</b>' });
    await crawl(world);
    expect(world.items).toEqual(['item']);
    expect(world.failures).toHaveLength(1);
  });
});

describe('a crawl that gets not one page', () => {
  it('fails with the last error, after recording the failures', async () => {
    const world = new World({});
    await expect(crawl(world)).rejects.toThrow(HttpStatusError);
    expect(world.failures).toMatchObject([{ url: `${ORIGIN}/`, code: 'fetch.status' }]);
  });

  it.each<[string, ScrapeRequest[]]>([
    ['the spider asks for none', []],
    ['all that it asks for is on other hosts', [{ url: 'http://other.example/', callback: 'page' }]],
  ])('fails with an error that says so when %s', async (_, requests) => {
    const idle: Spider = { ...spider, startRequests: () => requests };
    await expect(crawl(new World({}), {}, idle)).rejects.toBeInstanceOf(Error);
  });
});

/** Paths of the host that can be reached from page 0; missing ones are asked for too. */
function reachable(targets: readonly (readonly string[])[]): Set<string> {
  const found = new Set(['/0']);
  for (const path of found) {
    for (const href of targets[Number(path.slice(1))] ?? [])
      if (href.startsWith('/')) found.add(href.replace(/#.*/, ''));
  }
  return found;
}
