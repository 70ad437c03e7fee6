import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ask, metricOf } from '../support/asking.js';
import type { Rule } from '../fixtures/site/index.ts';
import { type ScrapingApp, startScrapingApp } from '../support/scraping-app.js';

let scraping: ScrapingApp;

beforeEach(async () => {
  scraping = await startScrapingApp();
  expect((await scraping.api.scrape()).status).toBe('succeeded');
});

afterEach(async () => scraping[Symbol.asyncDispose]());

const tables = () =>
  scraping.environment.query(
    `SELECT (SELECT count(*) FROM quote) AS quotes, (SELECT count(*) FROM author) AS authors,
       (SELECT count(*) FROM quote_tag) AS tags, (SELECT count(*) FROM author WHERE description IS NOT NULL) AS told`,
  );

async function expectSuspicion(kinds: string[], ...rules: Rule[]): Promise<void> {
  const { site, api, app } = scraping;
  const before = await tables();
  const suspicious = 'finish_reason="suspicious"';
  const counted = await metricOf(app.url, 'gleaner_scrape_runs_ended_total', suspicious);
  for (const rule of rules) site.misbehave(rule);
  const run = await api.scrape();
  expect(run).toMatchObject({ status: 'failed', finishReason: 'suspicious' });
  expect([...new Set(run.suspicions.map(({ kind }) => kind))].sort()).toEqual(kinds.sort());
  // Nothing is deleted, and nothing is overwritten by emptiness.
  expect(await tables()).toEqual(before);
  // Counted by an event, after the run's row says so.
  await expect
    .poll(() => metricOf(app.url, 'gleaner_scrape_runs_ended_total', suspicious), { timeout: 10_000 })
    .toBe(counted + 1);
}

describe('a site that has changed', () => {
  it('so that no page has an item any more is suspicious', async () => {
    await expectSuspicion(['no_items', 'emptied_pages'], {
      kind: 'replace',
      from: 'class="quote"',
      to: 'class="cite"',
      path: '.*',
    });
  });

  it('so that many pages have lost their items is suspicious', async () => {
    await expectSuspicion(['emptied_pages', 'few_items'], {
      kind: 'replace',
      from: 'class="quote"',
      to: 'class="cite"',
      path: '^/page/([2-9]|10)/$',
    });
  });

  it('so that a field is empty is suspicious, and what was known of it stays', async () => {
    await expectSuspicion(['emptied_field'], {
      kind: 'replace',
      from: 'class="author-description"',
      to: '',
      path: '^/author/',
    });
    await scraping.environment.query(`DELETE FROM run WHERE status = 'failed'`);
    scraping.site.clear();
    await expectSuspicion(['emptied_field'], { kind: 'replace', from: 'class="tag"', to: '', path: '.*' });
  });

  it('so that far less is left of it is suspicious', async () => {
    await expectSuspicion(['few_items'], {
      kind: 'replace',
      from: 'li class="next"',
      to: 'li',
      path: '^/page/4/$',
    });
  });

  it.each(['captcha', 'challenge', 'denied'] as const)('into a %s page is suspicious', async (look) => {
    await expectSuspicion(['blocked_pages', 'no_items'], { kind: 'block-page', look, path: '.*' });
  });

  it('in a few places is not suspicious, and is counted', async () => {
    const { site, api } = scraping;
    site.misbehave({ kind: 'replace', from: 'class="quote"', to: 'class="cite"', path: '^/page/10/$' });
    site.misbehave({ kind: 'block-page', look: 'captcha', path: '^/author/J-K-Vandermoor/$' });
    const run = await api.scrape();
    expect(run).toMatchObject({ status: 'succeeded', suspicions: [] });
    expect(run.stats).toMatchObject({ 'page/emptied': 1, 'page/blocked': 1 });
    expect(run.failures).toMatchObject([{ code: 'page.blocked' }]);
    // It is still known what the page used to give.
    expect((await api.scrape()).stats).toMatchObject({ 'page/emptied': 1 });
  });
});

describe('the age of the data', () => {
  it('is told with every read, and grows until a run is good again', async () => {
    const { site, api, app, environment } = scraping;
    const age = async () => (await ask(`${app.url}/api/v1/quotes`)).headers.get('x-data-age');
    expect(Number(await age())).toBeLessThan(60);
    await environment.query(`UPDATE source SET data_as_of = now() - interval '2 hours'`);
    site.misbehave({ kind: 'other-page', path: '.*' });
    expect((await api.scrape()).finishReason).toBe('suspicious');
    await expect.poll(age, { timeout: 10_000 }).toMatch(/^72\d\d$/);
    expect((await ask(`${app.url}/api/v1/quotes/random`)).headers.get('x-data-age')).toMatch(/^72\d\d$/);
    site.clear();
    await api.scrape();
    await expect.poll(async () => Number(await age()), { timeout: 10_000 }).toBeLessThan(60);
    const source = await api.get<{ dataAsOf: string }>('/api/v1/sources/quotes');
    expect(Date.now() - Date.parse(source.dataAsOf)).toBeLessThan(60_000);
  });
});
