import { afterEach, describe, expect, it } from 'vitest';
import type { Visit } from '../fixtures/site/index.ts';
import { ask, metricOf } from '../support/asking.js';
import { eventually } from '../support/eventually.js';
import { type ScrapingApp, startScrapingApp } from '../support/scraping-app.js';

let scraping: ScrapingApp;

afterEach(async () => scraping?.[Symbol.asyncDispose]());

const postponed = (path: string) =>
  eventually('the run to be postponed', async () => {
    const run = await scraping.api.run(path);
    return run.postponed ? run : undefined;
  });

const gaps = (visits: readonly Visit[]) =>
  visits.slice(1).map(({ at }, index) => at - (visits[index]?.at ?? 0));

/** The site sees a request later than it was sent, the first one, too: by so much a later one can seem early. */
const ON_THE_WAY_MS = 100;

function expectPace(visits: readonly Visit[], delayMs: number): void {
  const start = visits[0]?.at ?? 0;
  for (const [index, { at }] of visits.entries()) {
    expect(at - start, `request ${index}`).toBeGreaterThanOrEqual(index * delayMs - ON_THE_WAY_MS);
  }
}

const SMALL = { quotes: 30, authors: 10, log: true };

describe('a crawl', () => {
  it('keeps its distance, also to robots.txt, redirects and retries', async () => {
    const delayMs = 60;
    scraping = await startScrapingApp(SMALL, {
      QUOTES_DOWNLOAD_DELAY_MS: String(delayMs),
      QUOTES_CONCURRENT_REQUESTS: '1',
    });
    const { site, api } = scraping;
    site.misbehave({ kind: 'status', status: 500, path: '^/page/2/$', times: 2 });
    const run = await api.scrape();
    expect(run.stats).toMatchObject({ 'retry/count': 2, item_scraped_count: 40 });
    // robots.txt, three lists, ten authors behind a redirect each, two retries.
    expect(site.log()).toHaveLength(1 + 3 + 20 + 2);
    expect(run.stats['downloader/request_count']).toBe(site.log().length);
    expect(Math.max(...site.log().map(({ atOnce }) => atOnce))).toBe(1);
    expectPace(site.log(), delayMs);
  });

  it('asks for no page that robots.txt forbids, and says which', async () => {
    scraping = await startScrapingApp({
      ...SMALL,
      robots: 'User-agent: gleaner\nDisallow: /author/\n\nUser-agent: *\nDisallow: /\n',
    });
    const { site, api } = scraping;
    const run = await api.scrape();
    expect(run.stats).toMatchObject({ 'robotstxt/forbidden': 10, item_scraped_count: 30 });
    expect(run.failures).toHaveLength(10);
    expect(run.failures[0]).toMatchObject({ code: 'robots.disallowed' });
    expect([...site.requests().keys()].filter((path) => path.startsWith('/author/'))).toEqual([]);
    expect(site.count('/robots.txt')).toBe(1);
  });

  it('obeys the crawl-delay of robots.txt when it is longer than its own', async () => {
    scraping = await startScrapingApp({
      quotes: 30,
      authors: 1,
      log: true,
      robots: 'User-agent: *\nCrawl-delay: 0.2\n',
    });
    await scraping.api.scrape();
    const [, ...pages] = scraping.site.log();
    expect(pages).toHaveLength(3 + 2);
    expectPace(pages, 200);
  });

  it('fetches nothing while robots.txt cannot be had', async () => {
    scraping = await startScrapingApp(SMALL);
    const { site, api } = scraping;
    site.misbehave({ kind: 'status', status: 500, path: '^/robots.txt$' });
    const path = await api.startRun();
    const run = await postponed(path);
    expect(run).toMatchObject({
      status: 'running',
      postponed: { reason: 'robots_unreachable' },
      failures: [],
    });
    expect([...site.requests().keys()]).toEqual(['/robots.txt']);
    await api.post(`${path}/cancel`);
  });

  it('leaves a host alone for as long as it asks, with all of its requests', async () => {
    scraping = await startScrapingApp(SMALL);
    const { site, api } = scraping;
    site.misbehave({ kind: 'status', status: 429, retryAfter: 3, path: '^/page/2/$', times: 1 });
    const path = await api.startRun();
    expect(await postponed(path)).toMatchObject({ status: 'running', postponed: { reason: 'retry_after' } });
    const run = await api.ended(path);
    expect(run).toMatchObject({ status: 'succeeded', postponed: null });
    expect(run.stats).toMatchObject({ 'retry/reason_count/fetch.status': 1, item_scraped_count: 40 });
    const asked = site.log().findIndex((visit) => visit.path === '/page/2/');
    const after = site.log().slice(asked + 1);
    const refusedAt = site.log()[asked]?.at ?? 0;
    // Those that were under way already may still have come.
    const pause = Math.max(...gaps([site.log()[asked]!, ...after]));
    expect(pause).toBeGreaterThan(2500);
    expect(after.filter(({ at }) => at > refusedAt + 200 && at < refusedAt + 2800)).toEqual([]);
  });
});

describe('a host that is down', () => {
  it('is left alone, the run waits and says so, and goes on when it is back', async () => {
    scraping = await startScrapingApp(SMALL, {
      SCRAPE_BREAKER_FAILURES: '3',
      SCRAPE_BREAKER_COOLDOWN_MS: '4000',
    });
    const { site, api, app } = scraping;
    await api.scrape();
    site.misbehave({ kind: 'reset', path: '.*' });
    const path = await api.startRun();
    expect(await postponed(path)).toMatchObject({ status: 'running', postponed: { reason: 'circuit_open' } });
    const openCircuits = () => metricOf(app.url, 'gleaner_politeness_breakers_open');
    await expect.poll(openCircuits, { timeout: 5000 }).toBe(1);
    // What was scraped before can be read meanwhile.
    const answer = await eventually('the age of the data', async () => {
      const asked = await ask(`${app.url}/api/v1/quotes?limit=1`);
      return asked.headers.has('x-data-age') ? asked : undefined;
    });
    expect(answer.status).toBe(200);
    const asked = site.log().length;
    site.clear();
    const run = await api.ended(path);
    expect(run).toMatchObject({ status: 'succeeded', finishReason: 'finished', postponed: null });
    // The first request after the pause is alone: it tries whether the host is well.
    expect(site.log()[asked]?.atOnce).toBe(1);
    expect(run.stats).toMatchObject({ item_scraped_count: 40, 'retry/max_reached': 0 });
  });

  it('for longer than the run may take ends it with that reason', async () => {
    scraping = await startScrapingApp(SMALL, {
      SCRAPE_BREAKER_FAILURES: '2',
      SCRAPE_BREAKER_COOLDOWN_MS: '60000',
    });
    const { site, api, environment } = scraping;
    await api.scrape();
    site.misbehave({ kind: 'reset', path: '.*' });
    const path = await api.startRun();
    await postponed(path);
    await environment.query(`UPDATE run SET active_since = now() - interval '2 days'`);
    expect(await api.ended(path)).toMatchObject({ status: 'failed', finishReason: 'circuit_open' });
  });
});
