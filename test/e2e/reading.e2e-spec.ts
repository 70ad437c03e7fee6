import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AuthorDto, QuoteDto } from '../../src/features/quotes/reading/quote.dto.js';
import { type Site, startSite } from '../fixtures/site/index.ts';
import { Api } from '../support/api.js';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { bootApp, type TestApp } from '../support/test-app.js';

let site: Site;
let environment: TestEnvironment;
let app: TestApp;
let api: Api;

beforeAll(async () => {
  site = await startSite();
  environment = await createEnvironment({ QUOTES_START_URL: site.url });
  app = await bootApp('all', environment.env);
  api = new Api(app.url);
  await api.scrape();
});

afterAll(async () => {
  await app?.close();
  await environment?.dispose();
  await site?.close();
});

const textsOf = (quotes: readonly { text: string }[]): string[] => quotes.map((quote) => quote.text).sort();

describe('lists', () => {
  it.each([1, 7, 50, 100])('give every quote exactly once in pages of %i, newest first', async (limit) => {
    const quotes = await api.all<QuoteDto>('/api/v1/quotes', limit);
    expect(quotes).toHaveLength(100);
    expect(new Set(quotes.map((quote) => quote.id)).size).toBe(100);
    const keys = quotes.map((quote) => [Date.parse(quote.firstScraped), quote.id] as const);
    expect(keys).toEqual(
      keys.toSorted(([time, id], [otherTime, otherId]) => otherTime - time || otherId - id),
    );
  });

  it('filter quotes by author, tag, source and words, and by all of them together', async () => {
    const wanted = site.expected.quotes.find((quote) => quote.tags.includes('patience'));
    const { authorSlug = '' } = wanted ?? {};
    const byAuthor = site.expected.quotes.filter((quote) => quote.authorSlug === authorSlug);
    const byTag = site.expected.quotes.filter((quote) => quote.tags.includes('patience'));
    expect(textsOf(await api.all<QuoteDto>(`/api/v1/quotes?author=${authorSlug}`, 3))).toEqual(
      textsOf(byAuthor),
    );
    expect(textsOf(await api.all<QuoteDto>('/api/v1/quotes?tag=patience', 3))).toEqual(textsOf(byTag));
    expect(textsOf(await api.all<QuoteDto>(`/api/v1/authors/${authorSlug}/quotes`, 1))).toEqual(
      textsOf(byAuthor),
    );
    expect(await api.all('/api/v1/quotes?source=quotes')).toHaveLength(100);

    const byWord = site.expected.quotes.filter((quote) => /\blighthouse\b/i.test(quote.text));
    expect(byWord.length).toBeGreaterThan(0);
    expect(textsOf(await api.all<QuoteDto>('/api/v1/quotes?q=lighthouse', 2))).toEqual(textsOf(byWord));
    const all = await api.quotes(`?author=${authorSlug}&tag=patience&source=quotes&limit=100`);
    expect(textsOf(all.items)).toEqual(textsOf(byAuthor.filter((quote) => quote.tags.includes('patience'))));
  });

  it.each(['author=nobody', 'tag=nothing', 'source=nowhere', 'q=xyzzy'])(
    'are empty for %s',
    async (query) => {
      expect(await api.quotes(`?${query}`)).toEqual({ items: [], nextCursor: null });
    },
  );

  it('give authors and tags in pages, by key', async () => {
    const slugs = (await api.all<AuthorDto>('/api/v1/authors', 7)).map((author) => author.slug);
    expect(new Set(slugs)).toEqual(new Set(site.expected.authors.map((author) => author.slug)));
    expect(await api.all('/api/v1/tags', 11)).toHaveLength(130);
    expect(await api.all('/api/v1/runs', 1)).toHaveLength(1);
    expect(await api.all('/api/v1/runs?status=failed')).toHaveLength(0);
    expect(await api.all('/api/v1/runs?source=quotes&status=succeeded')).toHaveLength(1);
  });
});

describe('details', () => {
  it('give one quote, one author, one source', async () => {
    const { items } = await api.quotes('?limit=1');
    const [quote] = items;
    expect(await api.get(`/api/v1/quotes/${quote?.id}`)).toEqual(quote);
    expect(await api.get(`/api/v1/authors/${quote?.author.slug}`)).toMatchObject({
      slug: quote?.author.slug,
    });
    expect(await api.get('/api/v1/sources/quotes')).toMatchObject({ slug: 'quotes', enabled: true });
  });

  it('give some quote at random, not always the same', async () => {
    const ids = new Set<number>();
    for (let asked = 0; asked < 30; asked++) ids.add((await api.get<QuoteDto>('/api/v1/quotes/random')).id);
    // Thirty equal draws from a hundred happen once in 10^58 times.
    expect(ids.size).toBeGreaterThan(1);
  });

  it.each([
    'quotes/999999',
    'authors/nobody',
    'authors/nobody/quotes',
    'sources/nothing',
    `runs/${crypto.randomUUID()}`,
  ])('%s is a 404 that says what is missing', async (path) => {
    const answer = await fetch(`${app.url}/api/v1/${path}`);
    expect(answer.status).toBe(404);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(await answer.json()).toMatchObject({ status: 404, code: 'not_found' });
  });
});

describe('cached reads', () => {
  it('do not ask the database again', async () => {
    const path = '/api/v1/quotes?limit=13&tag=weather';
    const first = await api.get(path);
    await environment.query(`UPDATE quote SET scraped_count = scraped_count + 1000`);
    expect(await api.get(path)).toEqual(first);
    await environment.query(`UPDATE quote SET scraped_count = scraped_count - 1000`);
  });

  it('are shared by processes through Redis', async () => {
    const path = '/api/v1/quotes?limit=17';
    const first = await api.get(path);
    await environment.query(`UPDATE quote SET scraped_count = scraped_count + 1000`);
    const second = await bootApp('api', environment.env);
    expect(await new Api(second.url).get(path)).toEqual(first);
    await second.close();
    await environment.query(`UPDATE quote SET scraped_count = scraped_count - 1000`);
  });

  it('of another process are fetched anew after a scrape', async () => {
    const second = await bootApp('api', environment.env);
    const other = new Api(second.url);
    const { items } = await other.quotes('?limit=1');
    await api.scrape();
    await expect
      .poll(() => other.quotes('?limit=1').then((page) => page.items[0]?.scrapedCount), { timeout: 5000 })
      .toBe((items[0]?.scrapedCount ?? 0) + 1);
    await second.close();
  });
});
