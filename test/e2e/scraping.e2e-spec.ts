import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { AuthorDto, QuoteDto, TagDto } from '../../src/features/quotes/reading/quote.dto.js';
import { type Site, startSite } from '../fixtures/site/index.ts';
import { Api } from '../support/api.js';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { bootApp, type TestApp } from '../support/test-app.js';
import { bearer } from '../support/test-key.js';

let site: Site;
let environment: TestEnvironment;
let app: TestApp;
let api: Api;

beforeAll(async () => {
  site = await startSite();
  environment = await createEnvironment({ QUOTES_START_URL: site.url, SCRAPE_TIMEOUT_MS: '1000' });
  app = await bootApp('all', environment.env);
  api = new Api(app.url);
});

afterEach(() => site.clear());

afterAll(async () => {
  await app?.close();
  await environment?.dispose();
  await site?.close();
});

const counts = async (): Promise<Record<string, number> | undefined> => {
  const rows = await environment.query<Record<string, number>>(
    `SELECT (SELECT count(*)::int FROM quote) AS quotes, (SELECT count(*)::int FROM author) AS authors,
       (SELECT count(*)::int FROM tag) AS tags, (SELECT count(*)::int FROM quote_tag) AS "quoteTags"`,
  );
  return rows[0];
};

const EXPECTED_COUNTS = { quotes: 100, authors: 50, tags: 130 };

describe('a scrape of the quotes site', () => {
  it('stores exactly what the site says, and the API returns it', async () => {
    const run = await api.scrape();
    expect(run).toMatchObject({
      status: 'succeeded',
      finishReason: 'finished',
      attempt: 1,
      failures: [],
      error: null,
    });
    expect(run.stats).toMatchObject({
      'downloader/response_count': 60,
      item_scraped_count: 150,
      'item/inserted': 150,
      'scheduler/enqueued': 60,
      'scheduler/dequeued': 60,
    });
    expect(await counts()).toMatchObject(EXPECTED_COUNTS);

    const quotes = await api.all<QuoteDto>('/api/v1/quotes');
    const shape = ({ text, authorSlug, tags }: { text: string; authorSlug: string; tags: string[] }) => ({
      text,
      authorSlug,
      tags,
    });
    const byText = (one: { text: string }, other: { text: string }) => (one.text < other.text ? -1 : 1);
    expect(quotes.map((quote) => shape({ ...quote, authorSlug: quote.author.slug })).sort(byText)).toEqual(
      site.expected.quotes.map(shape).sort(byText),
    );
    const tags = await api.all<TagDto>('/api/v1/tags');
    expect(tags.map((tag) => tag.name).sort()).toEqual([...site.expected.tags].sort());
    for (const tag of tags) {
      expect(tag.quoteCount, tag.name).toBe(
        site.expected.quotes.filter((quote) => quote.tags.includes(tag.name)).length,
      );
    }
  });

  it("takes an author's name and details from the author's own page", async () => {
    const authors = await api.all<AuthorDto>('/api/v1/authors');
    expect(authors).toHaveLength(50);
    for (const expected of site.expected.authors) {
      const born = new Date(`${expected.bornDate} UTC`).toISOString().slice(0, 10);
      expect(authors.find((author) => author.slug === expected.slug)).toEqual({
        slug: expected.slug,
        name: expected.name,
        bornOn: born,
        bornLocation: expected.bornLocation.replace(/^in /, ''),
        description: expected.description,
        quoteCount: site.expected.quotes.filter((quote) => quote.authorSlug === expected.slug).length,
      });
    }
    const twoNames = site.expected.quotes.find(
      (quote) =>
        site.expected.authors.find((author) => author.slug === quote.authorSlug)?.name !==
        quote.authorNameInQuote,
    );
    const { items } = await api.quotes(`?author=${twoNames?.authorSlug}`);
    expect(items[0]?.author.name).not.toBe(twoNames?.authorNameInQuote);
  });

  it('a second time changes last_scraped and scraped_count, and inserts nothing', async () => {
    const read = () =>
      environment.query<{ id: string; scraped_count: number; last_scraped: Date; updated_at: Date }>(
        'SELECT id, scraped_count, last_scraped, updated_at FROM quote ORDER BY id',
      );
    const before = await read();
    const countsBefore = await counts();
    const run = await api.scrape();
    expect(run.stats).toMatchObject({
      item_scraped_count: 150,
      'item/inserted': 0,
      'item/updated': 0,
      'item/unchanged': 150,
    });
    expect(await counts()).toEqual(countsBefore);
    const after = await read();
    expect(after.map((row) => row.id)).toEqual(before.map((row) => row.id));
    for (const [index, row] of after.entries()) {
      expect(row.scraped_count).toBe((before[index]?.scraped_count ?? 0) + 1);
      expect(row.last_scraped.getTime()).toBeGreaterThan(before[index]?.last_scraped.getTime() ?? 0);
      expect(row.updated_at).toEqual(before[index]?.updated_at);
    }
  });

  it('notices a quote whose tags changed, and cached reads show it', async () => {
    const { items } = await api.quotes('?limit=1');
    const id = items[0]?.id;
    await environment.query('DELETE FROM quote_tag WHERE quote_id = $1', [id]);
    await environment.query(`UPDATE quote SET tags = '{}' WHERE id = $1`, [id]);
    const run = await api.scrape();
    expect(run.stats).toMatchObject({ 'item/updated': 1, 'item/unchanged': 149 });
    const quote = await api.get<QuoteDto>(`/api/v1/quotes/${id}`);
    expect(quote.tags).toEqual(items[0]?.tags);
    const listed = await api.all<QuoteDto>(`/api/v1/quotes?tag=${encodeURIComponent(quote.tags[0] ?? '')}`);
    expect(listed.map((one) => one.id)).toContain(id);
  });
});

describe('a run', () => {
  it('shows its progress while it runs, and refuses a second one meanwhile', async () => {
    site.misbehave({ kind: 'delay', ms: 150, path: '^/(page/.*)?$' });
    const path = await api.startRun();
    const seen = await eventually('progress between begin and end', async () => {
      const run = await api.run(path);
      const done = run.stats['scheduler/dequeued'];
      return run.status === 'running' && done > 0 && done < 60 ? run : undefined;
    });
    expect(seen.startedAt).not.toBeNull();
    expect(seen.finishedAt).toBeNull();

    const second = await fetch(`${app.url}/api/v1/sources/quotes/runs`, {
      method: 'POST',
      headers: bearer(),
    });
    expect(second.status).toBe(409);
    expect(second.headers.get('content-type')).toContain('application/problem+json');
    expect(await second.json()).toMatchObject({ code: 'run.already_active', run: path });

    expect((await api.ended(path)).status).toBe('succeeded');
    await api.scrape();
  });

  it('can be started once only, however many ask at the same time', async () => {
    // Long enough to be under way until the last of them has asked.
    site.misbehave({ kind: 'delay', ms: 150, path: '^/(page/.*)?$' });
    const answers = await Promise.all(
      Array.from({ length: 12 }, () =>
        fetch(`${app.url}/api/v1/sources/quotes/runs`, { method: 'POST', headers: bearer() }),
      ),
    );
    const accepted = answers.filter((answer) => answer.status === 202);
    expect(accepted).toHaveLength(1);
    expect(answers.filter((answer) => answer.status === 409)).toHaveLength(11);
    await api.ended(accepted[0]?.headers.get('location') ?? '');
  });

  it('of an unknown source is a 404', async () => {
    const answer = await fetch(`${app.url}/api/v1/sources/nothing/runs`, {
      method: 'POST',
      headers: bearer(),
    });
    expect(answer.status).toBe(404);
  });

  it('tries again what fails in passing, and names the pages that it gave up', async () => {
    site.misbehave({ kind: 'status', status: 500, path: '^/page/2/$', times: 1 });
    site.misbehave({ kind: 'status', status: 404, path: '^/author/J-K-Vandermoor/$' });
    const run = await api.scrape();
    expect(run.status).toBe('succeeded');
    expect(run.stats).toMatchObject({ 'retry/count': 1, 'retry/max_reached': 1, item_scraped_count: 149 });
    expect(run.failures).toEqual([
      {
        url: `${site.url}/author/J-K-Vandermoor`,
        code: 'fetch.status',
        message: expect.stringContaining('404') as string,
      },
    ]);
  });

  it('fails when not one page can be had, after each was tried again', async () => {
    site.misbehave({ kind: 'reset', path: '^/$' });
    const run = await api.scrape();
    expect(run).toMatchObject({ status: 'failed', finishReason: 'error', attempt: 1 });
    expect(run.error).toContain('No page could be fetched');
    expect(run.stats).toMatchObject({
      'downloader/request_count': 6,
      'retry/count': 5,
      'retry/max_reached': 1,
    });
    expect(run.failures).toMatchObject([{ code: 'fetch.connection' }]);
    expect(await counts()).toMatchObject(EXPECTED_COUNTS);
  });

  it('that finds nothing on pages that answer is suspicious, and changes nothing', async () => {
    const before = await counts();
    site.misbehave({ kind: 'other-page', path: '.*' });
    const run = await api.scrape();
    expect(run).toMatchObject({ status: 'failed', finishReason: 'suspicious' });
    expect(await counts()).toEqual(before);
  });

  it('ends when a page hangs, drips, is endless, or redirects for ever', async () => {
    site.misbehave({ kind: 'hang', path: '^/page/10/$' });
    const [first, second] = site.expected.authors.map((author) => `^/author/${author.slug}/$`);
    site.misbehave({ kind: 'redirect-loop', path: first ?? '' });
    site.misbehave({ kind: 'huge-body', bytes: 2 ** 40, path: second ?? '' });
    const run = await api.scrape();
    const codes = new Set(run.failures.map((failure) => failure.code));
    expect(codes).toEqual(new Set(['fetch.timeout', 'fetch.redirects', 'fetch.too_large']));
  });
});
