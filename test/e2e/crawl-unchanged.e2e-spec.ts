import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type ScrapingApp, startScrapingApp } from '../support/scraping-app.js';

let scraping: ScrapingApp;

beforeAll(async () => {
  scraping = await startScrapingApp({ etags: true, quotes: 30, authors: 10 });
  await scraping.api.scrape();
});

afterEach(() => scraping.site.clear());

afterAll(async () => scraping?.[Symbol.asyncDispose]());

const PAGES = 3 + 10;
const notModified = () => scraping.site.answers().get(304) ?? 0;

describe('a page that has not changed', () => {
  it('costs a 304, and what it gave before counts again', async () => {
    const { site, api, environment } = scraping;
    const before = notModified();
    const run = await api.scrape();
    expect(run.status).toBe('succeeded');
    expect(run.stats).toMatchObject({
      'downloader/response_count': PAGES,
      'downloader/response_status_count/304': PAGES,
      'httpcache/revalidate': PAGES,
      'downloader/response_bytes': 0,
      item_scraped_count: 40,
      'item/unchanged': 40,
    });
    expect(notModified() - before).toBe(PAGES);
    const counts = await environment.query('SELECT DISTINCT scraped_count FROM quote');
    expect(counts).toEqual([{ scraped_count: 2 }]);
    expect(site.expected.quotes).toHaveLength(30);
  });

  it('is fetched whole again when it does change', async () => {
    const { site, api, environment } = scraping;
    site.misbehave({
      kind: 'replace',
      from: 'class="text"([^>]*)>“',
      to: 'class="text"$1>“Changed: ',
      path: '^/page/2/$',
    });
    const run = await api.scrape();
    expect(run.stats).toMatchObject({
      'httpcache/revalidate': PAGES - 1,
      'item/inserted': 10,
      'item/unchanged': 30,
    });
    const changed = await environment.query(`SELECT 1 FROM quote WHERE text LIKE 'Changed: %'`);
    expect(changed).toHaveLength(10);
  });

  it('is fetched whole when what it gave is not kept any more, or another spider reads it', async () => {
    const { api, environment } = scraping;
    await environment.query('UPDATE page SET outputs = NULL');
    const run = await api.scrape();
    expect(run.stats).toMatchObject({ 'httpcache/revalidate': 0, item_scraped_count: 40 });
    await environment.query(`UPDATE page SET version = 'older'`);
    const next = await api.scrape();
    expect(next.stats).toMatchObject({ 'httpcache/revalidate': 0, item_scraped_count: 40 });
    expect(next.stats['downloader/response_status_count/304']).toBeUndefined();
    expect((await api.scrape()).stats['httpcache/revalidate']).toBe(PAGES);
  });
});
