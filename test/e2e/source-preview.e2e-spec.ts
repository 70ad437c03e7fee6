import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PreviewDto } from '../../src/features/records/previewing/preview.dto.js';
import { type Site, startSite } from '../fixtures/site/index.ts';
import { type Declaration, everyLink, exampleFor } from '../support/declaration.js';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { bootApp, type TestApp } from '../support/test-app.js';
import { bearer } from '../support/test-key.js';

let site: Site;
let environment: TestEnvironment;
let app: TestApp;

beforeAll(async () => {
  site = await startSite({ books: 25, traps: true, robots: 'User-agent: *\nDisallow: /deep/\n' });
  environment = await createEnvironment({ SCRAPE_TIMEOUT_MS: '1000' });
  app = await bootApp('api', environment.env);
});

afterAll(async () => {
  await app?.close();
  await environment?.dispose();
  await site?.close();
});

async function preview(declaration: Declaration, url?: string, role: 'viewer' | 'operator' = 'operator') {
  const query = url === undefined ? '' : `?url=${encodeURIComponent(url)}`;
  const answer = await fetch(`${app.url}/api/v1/sources/preview${query}`, {
    method: 'POST',
    headers: { ...bearer(role), 'content-type': 'application/json' },
    body: JSON.stringify(declaration),
  });
  return { status: answer.status, body: (await answer.json()) as PreviewDto & { reason?: string } };
}

describe('a preview', () => {
  it('shows what a page gives and which links lead on, and stores nothing', async () => {
    const books = await exampleFor('books', `${site.url}/index.html`);
    const [book] = site.books;
    const { status, body } = await preview(books, site.url + book!.path);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      url: site.url + book!.path,
      bytes: expect.any(Number),
      itemCount: 2,
      items: [
        {
          kind: 'book',
          key: [book!.upc],
          data: { title: book!.title, price: book!.price, rating: book!.rating },
        },
        { kind: 'category', data: { name: book!.category } },
      ],
      rules: [
        { kind: 'book', applies: true, matches: 1, kept: 1, dropped: 0, filled: { upc: 1, price: 1 } },
        { kind: 'category', matches: 1 },
      ],
      cut: 0,
    });
    expect(await environment.query('SELECT 1 FROM record')).toEqual([]);
    expect(await environment.query(`SELECT 1 FROM source WHERE slug <> 'quotes'`)).toEqual([]);
    expect(await environment.query('SELECT 1 FROM run')).toEqual([]);
  });

  it('begins with the first start URL', async () => {
    const books = await exampleFor('books', `${site.url}/index.html`);
    const { body } = await preview(books);
    expect(body).toMatchObject({ url: `${site.url}/index.html`, itemCount: 0 });
    expect(body.links).toContain(site.url + site.books[0]!.path);
    expect(body).toMatchObject({ linkCount: body.links.length, linksLeftOut: 0 });
  });

  it('says why items are dropped, and which links would be left out', async () => {
    const declaration = everyLink('x', `${site.url}/elsewhere/`);
    declaration.extraction.items = [
      {
        selector: 'a',
        key: ['href'],
        fields: { href: { attribute: 'href' }, title: { attribute: 'title', required: true } },
      },
    ];
    const { body } = await preview(declaration);
    const [rule] = body.rules;
    expect(rule!.matches).toBeGreaterThan(5);
    expect(rule).toMatchObject({
      kept: 0,
      dropped: rule!.matches,
      filled: { title: 0, href: rule!.matches },
    });
    expect(rule!.missing[0]).toEqual({ match: 0, fields: ['title'] });
    expect(body.links).toContain(`${site.url}/elsewhere/`);
    expect(new Set(body.links.map((link) => new URL(link).hostname))).toEqual(new Set(['127.0.0.1']));
    expect(body.linksLeftOut).toBe(body.linkCount - body.links.length);
    expect(body.linksLeftOut).toBeGreaterThan(3);
  });

  it('refuses a wrong declaration as storing it would, and whoever may not fetch', async () => {
    const declaration = everyLink('x', `${site.url}/`);
    declaration.extraction.items[0]!.selector = 'a[';
    const wrong = await preview(declaration);
    expect(wrong).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'extraction.items.0.selector' }] },
    });
    expect((await preview(everyLink('x', `${site.url}/`), 'ftp://x/')).body).toMatchObject({
      errors: [{ field: 'url', message: expect.stringContaining('expected a URL with http or https') }],
    });
    expect((await preview(everyLink('x', `${site.url}/`), undefined, 'viewer')).status).toBe(403);
  });
});

describe('a page that cannot be had', () => {
  const of = (path: string) => preview(everyLink('x', `${site.url}/`), site.url + path);

  it('is told with the reason, and whether it helps to try again', async () => {
    site.misbehave({ kind: 'status', status: 500, path: '^/broken/$' });
    site.misbehave({ kind: 'hang', path: '^/hanging/$' });
    expect(await of('/nowhere/')).toMatchObject({ status: 422, body: { reason: 'fetch.status' } });
    expect(await of('/broken/')).toMatchObject({ status: 503, body: { reason: 'fetch.status' } });
    expect(await of('/hanging/')).toMatchObject({ status: 503, body: { reason: 'fetch.timeout' } });
  });

  it('because it is not the source’s, or of nobody’s business', async () => {
    const declaration = everyLink('x', `${site.url}/`);
    expect(await preview(declaration, 'http://elsewhere.example/')).toMatchObject({
      status: 422,
      body: { reason: 'fetch.refused_url' },
    });
    const metadata = everyLink('x', 'http://169.254.169.254/latest/meta-data/');
    expect(await preview(metadata)).toMatchObject({ status: 422, body: { reason: 'fetch.blocked_address' } });
  });

  it('because robots.txt forbids it', async () => {
    const declaration = everyLink('x', `${site.url}/deep/0`, { politeness: { downloadDelayMs: 0 } });
    expect(await preview(declaration)).toMatchObject({ status: 422, body: { reason: 'robots.disallowed' } });
  });
});
