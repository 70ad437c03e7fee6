import { afterEach, describe, expect, it } from 'vitest';
import type { RecordDto } from '../../src/features/records/reading/record.dto.js';
import type { RunDto } from '../../src/features/scraping/runs/run.dto.js';
import { type SiteOptions, VARIANT_PAGES } from '../fixtures/site/index.ts';
import { type Declaration, everyLink, exampleFor } from '../support/declaration.js';
import { type ScrapingApp, startScrapingApp } from '../support/scraping-app.js';

const SMALL = { quotes: 30, authors: 10, log: true };

let scraping: ScrapingApp;

afterEach(async () => scraping?.[Symbol.asyncDispose]());

async function start(options: SiteOptions, env?: Record<string, string>): Promise<void> {
  scraping = await startScrapingApp({ ...SMALL, ...options }, env);
}

async function crawl(declaration: Declaration): Promise<RunDto> {
  await scraping.api.post('/api/v1/sources', declaration);
  return scraping.api.scrape(declaration.slug, 60_000);
}

async function records(slug: string, kind: string): Promise<RecordDto[]> {
  return scraping.api.all(`/api/v1/sources/${slug}/records?kind=${kind}`);
}

async function recordData<T>(slug: string, kind: string): Promise<T[]> {
  return (await records(slug, kind)).map(({ data }) => data as T);
}

const fetched = (): string[] => scraping.site.log().map(({ path }) => path);

const unslashed = (path: string): string => path.replace(/\/$/, '');

function sortedBy<T>(name: keyof T, items: readonly T[]): T[] {
  return items.toSorted((a, b) => (String(a[name]) < String(b[name]) ? -1 : 1));
}

describe('a declaration', () => {
  it('scrapes a bookshop without code: all books, as they are', async () => {
    await start({ books: 47 });
    const { site } = scraping;
    const run = await crawl(await exampleFor('books', `${site.url}/index.html`));
    expect(run).toMatchObject({ status: 'succeeded', finishReason: 'finished', failures: [] });
    const books = await recordData<{ upc: string }>('books', 'book');
    expect(sortedBy('upc', books)).toEqual(
      sortedBy('upc', site.books).map(({ upc, title, rating, price, priceWithoutTax, inStock, ...book }) => ({
        upc,
        title,
        rating,
        price,
        priceWithoutTax,
        available: inStock,
        // What was never found is not there.
        ...(inStock && { stock: book.stock }),
        ...(book.description !== null && { description: book.description }),
        url: site.url + book.path,
      })),
    );
    const ageOf = async (path: string) =>
      (await fetch(`${scraping.app.url}/api/v1/sources/books/${path}`)).headers.get('x-data-age');
    for (const path of ['records', 'records/export'])
      await expect.poll(() => ageOf(path), { timeout: 10_000 }).toMatch(/^\d{1,2}$/);
    const categories = await recordData<{ name: string }>('books', 'category');
    expect(categories.map(({ name }) => name).sort()).toEqual(
      [...new Set(site.books.map(({ category }) => category))].sort(),
    );
  });

  it('of the quotes yields what the spider in code yields', async () => {
    await start({});
    const { site, api } = scraping;
    const declared = await crawl(await exampleFor('quotes', `${site.url}/`));
    const coded = await api.scrape();
    expect(declared.stats.item_scraped_count).toBe(coded.stats.item_scraped_count);
    const quotes = await api.all<{ text: string; tags: string[]; author: { slug: string } }>(
      '/api/v1/quotes',
    );
    expect(quotes).toHaveLength(site.expected.quotes.length);
    // The API tells an author's name as the author's own page has it; a list may spell it in another way.
    const nameOnLists = new Map(
      site.expected.quotes.map(({ text, authorNameInQuote }) => [text, authorNameInQuote]),
    );
    expect(sortedBy('text', await recordData<{ text: string }>('quotes-declared', 'quote'))).toEqual(
      sortedBy('text', quotes).map(({ text, tags, author: { slug } }) => ({
        text,
        author: nameOnLists.get(text),
        authorSlug: slug,
        // What was never found is not there.
        ...(tags.length > 0 && { tags }),
      })),
    );
    const authors = await scraping.environment.query<{ slug: string }>(
      `SELECT slug, name, to_char(born_on, 'YYYY-MM-DD') AS "bornOn", born_location AS "bornLocation", description
       FROM author`,
    );
    expect(sortedBy('slug', await recordData<{ slug: string }>('quotes-declared', 'author'))).toEqual(
      sortedBy('slug', authors),
    );
  });
});

describe('links', () => {
  it('in many spellings are one page each, tracking parameters or not', async () => {
    await start({ traps: true });
    const declaration = everyLink('variants', `${scraping.site.url}/variants/`, {
      scope: { dropTrackingParameters: true },
    });
    const run = await crawl(declaration);
    expect(run).toMatchObject({ status: 'succeeded', failures: [] });
    expect(fetched()).toHaveLength(VARIANT_PAGES.length);
    const canonical = (path: string): string => {
      const url = new URL(path, scraping.site.url);
      for (const name of ['utm_source', 'utm_medium', 'utm_campaign', 'gclid', 'fbclid'])
        url.searchParams.delete(name);
      url.searchParams.sort();
      return url.pathname + url.search;
    };
    expect(fetched().map(canonical).sort()).toEqual([...VARIANT_PAGES].sort());
  });

  it('to other sites and to what is no page are left alone, and counted', async () => {
    await start({ traps: true });
    const run = await crawl(everyLink('elsewhere', `${scraping.site.url}/elsewhere/`));
    expect(fetched()).toEqual(['/elsewhere/']);
    expect(run.status).toBe('succeeded');
    // Another port or scheme of the same host is the same site, as in Scrapy's allowed_domains.
    expect(new Set(run.failures.map(({ url }) => new URL(url).hostname))).toEqual(new Set(['127.0.0.1']));
    expect(run.stats['offsite/filtered']).toBeGreaterThan(5);
  });

  it('are followed as deep as the declaration says', async () => {
    await start({ traps: true });
    const run = await crawl(everyLink('deep', `${scraping.site.url}/deep/0`, { limits: { maxDepth: 5 } }));
    expect(fetched()).toEqual([0, 1, 2, 3, 4, 5].map((depth) => `/deep/${depth}`));
    expect(run).toMatchObject({
      finishReason: 'finished',
      stats: { request_depth_max: 5, 'depth/filtered': 1 },
    });
  });

  it('without end end at the number of pages', async () => {
    await start({ traps: true });
    const run = await crawl(
      everyLink('endless', `${scraping.site.url}/deep/0`, { limits: { maxPages: 12 } }),
    );
    expect(run).toMatchObject({ status: 'succeeded', finishReason: 'closespider_pagecount' });
    expect(fetched()).toHaveLength(12);
    expect(await records('endless', 'page')).toHaveLength(12);
  });

  it('that redirect to another host end there, which is named', async () => {
    await start({ traps: true, hosts: 2 });
    const { site } = scraping;
    site.misbehave({ kind: 'redirect', location: `${site.urls[1]}/deep/7`, path: '^/deep/2$' });
    const run = await crawl(everyLink('leaving', `${site.url}/deep/0`));
    expect(fetched()).toEqual(['/deep/0', '/deep/1', '/deep/2']);
    expect(run.failures).toMatchObject([{ url: `${site.url}/deep/2`, code: 'fetch.refused_url' }]);
  });
});

describe('sitemaps', () => {
  it('named by robots.txt lead to every page, without a link', async () => {
    await start({ sitemaps: true, books: 60, robots: 'Sitemap: /sitemap.xml\n' });
    const { site } = scraping;
    const declaration = everyLink('mapped', `${site.url}/page/1/`, { scope: { sitemaps: true } });
    declaration.extraction.follow = [];
    declaration.politeness = { ...declaration.politeness, robotsTxt: true };
    const run = await crawl(declaration);
    expect(run).toMatchObject({ status: 'succeeded', failures: [] });
    const pages = new Set((await recordData<{ url: string }>('mapped', 'page')).map(({ url }) => url));
    for (const { path } of site.books) expect(pages).toContain(site.url + path);
    for (const { slug } of site.expected.authors) expect(pages).toContain(`${site.url}/author/${slug}/`);
    expect(pages).toContain(`${site.url}/page/3/`);
  });
});

describe('a site that fails now and then', () => {
  const everything = { quotes: 300, authors: 80 };

  it('loses next to nothing', async () => {
    await start(everything, { SCRAPE_TIMEOUT_MS: '1000' });
    const { site } = scraping;
    site.misbehave({ kind: 'flaky', share: 0.1, path: '' });
    const run = await crawl(await exampleFor('quotes', `${site.url}/`));
    const pages = run.stats['downloader/response_count'] + run.failures.length;
    expect(run.stats['retry/count']).toBeGreaterThan(pages / 20);
    expect(run.failures.length).toBeLessThanOrEqual(pages / 1000);
    expect(await records('quotes-declared', 'quote')).toHaveLength(everything.quotes);
    expect(await records('quotes-declared', 'author')).toHaveLength(everything.authors);
  });

  it('names every page that it has lost', async () => {
    await start(everything, { SCRAPE_TIMEOUT_MS: '1000', SCRAPE_RETRIES: '1' });
    const { site } = scraping;
    // Not cut off: of a redirect its headers are enough.
    const faults = [{ kind: 'status', status: 500 }, { kind: 'reset' }] as const;
    site.misbehave({ kind: 'flaky', share: 0.4, path: '^/author/', faults });
    const run = await crawl(await exampleFor('quotes', `${site.url}/`));
    // The page is named by the URL that was asked for, which redirects to the one with a slash at its end.
    const lost = [...new Set(site.unanswered().map(unslashed))];
    expect(lost.length).toBeGreaterThan(10);
    const failures = await scraping.api.all<{ url: string }>(`/api/v1/runs/${run.id}/failures`);
    expect(failures.map(({ url }) => unslashed(new URL(url).pathname)).sort()).toEqual(lost.sort());
    expect(run.stats['retry/max_reached']).toBe(lost.length);
  });
});
