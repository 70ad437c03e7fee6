import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Site, startSite } from '../fixtures/site/index.ts';
import { Api } from '../support/api.js';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { GENERATED, generateQuotes } from '../support/generated-quotes.js';
import { bootApp, type TestApp } from '../support/test-app.js';

/** What a metric of the work of one route or task says so far. */
async function readUnit(
  app: TestApp,
  kind: string,
  unit: string,
): Promise<{ queries: number; times: number }> {
  const metrics = await (await fetch(`${app.url}/metrics`)).text();
  const value = (suffix: string): number => {
    const line = `gleaner_database_unit_queries_${suffix}{kind="${kind}",unit="${unit}"} `;
    const start = metrics.indexOf(line);
    return start === -1 ? 0 : Number.parseFloat(metrics.slice(start + line.length));
  };
  return { queries: value('sum'), times: value('count') };
}

const { authors, tags, words, sources } = GENERATED;

/** Each list and each detail, with the queries that it makes: names to ids, words to an estimate, then the rows. */
const READS: [path: string, route: string, queries: number][] = [
  ['/api/v1/quotes', '/api/v1/quotes', 1],
  [`/api/v1/quotes?source=${sources.big}`, '/api/v1/quotes', 2],
  [`/api/v1/quotes?author=${authors.prolific}`, '/api/v1/quotes', 2],
  [`/api/v1/quotes?tag=${tags.common}`, '/api/v1/quotes', 2],
  [`/api/v1/quotes?q=${words.frequent}`, '/api/v1/quotes', 2],
  [
    `/api/v1/quotes?q=${words.frequent}&tag=${tags.common}&author=${authors.prolific}&source=${sources.big}`,
    '/api/v1/quotes',
    3,
  ],
  ['/api/v1/quotes/random', '/api/v1/quotes/random', 1],
  ['/api/v1/quotes/7', '/api/v1/quotes/:id', 1],
  ['/api/v1/authors', '/api/v1/authors', 1],
  [`/api/v1/authors/${authors.prolific}`, '/api/v1/authors/:slug', 1],
  // Another author for each limit: what is known of one is cached.
  ['/api/v1/authors/author-{limit}/quotes', '/api/v1/authors/:slug/quotes', 3],
  ['/api/v1/tags', '/api/v1/tags', 1],
  ['/api/v1/sources', '/api/v1/sources', 1],
  [`/api/v1/sources/${sources.big}`, '/api/v1/sources/:slug', 1],
  // The source, for its id and its fields; then the rows.
  [`/api/v1/sources/${sources.big}/records`, '/api/v1/sources/:slug/records', 2],
  [
    `/api/v1/sources/${sources.big}/records?kind=item&since=2020-01-01T00:00:00Z&where=n+>+3&where=n+exists`,
    '/api/v1/sources/:slug/records',
    2,
  ],
  [`/api/v1/sources/${sources.big}/records/7`, '/api/v1/sources/:slug/records/:id', 1],
  [`/api/v1/sources/${sources.big}/records/1/changes`, '/api/v1/sources/:slug/records/:id/changes', 1],
  ['/api/v1/runs', '/api/v1/runs', 1],
  ['/api/v1/schedules', '/api/v1/schedules', 1],
  [`/api/v1/runs?source=${sources.big}&status=failed`, '/api/v1/runs', 2],
];

describe.each([50, 20_000])('with %i quotes', (count) => {
  let environment: TestEnvironment;
  let app: TestApp;
  let runId: string;

  beforeAll(async () => {
    environment = await createEnvironment();
    await generateQuotes(environment, count);
    runId = randomUUID();
    await environment.query(
      `INSERT INTO run (id, source_id, trigger, status, stats, failures)
       SELECT CASE n WHEN 1 THEN $1 ELSE gen_random_uuid() END, 1, 'api', 'failed', '{}', '[]' FROM generate_series(1, $2::int) n`,
      [runId, count / 50],
    );
    await environment.query(
      `INSERT INTO record (source_id, kind, key_hash, key, data, url, last_run_id, changed_run_id)
       SELECT s.id, 'item', sha256(n::text::bytea), '[]', jsonb_build_object('n', n), '', $1, $1
       FROM source s, generate_series(1, $2::int) n WHERE s.slug = $3 ORDER BY n`,
      [runId, count, sources.big],
    );
    await environment.query(
      `INSERT INTO record_change (record_id, run_id, before, after)
       SELECT 1, gen_random_uuid(), '{}', '{}' FROM generate_series(1, $1::int)`,
      [count / 50],
    );
    app = await bootApp('api', environment.env);
  });
  afterAll(async () => {
    await app?.close();
    await environment?.dispose();
  });

  it.each(READS)(
    '%s (%s) makes exactly %i queries, however many rows it shows',
    async (path, route, queries) => {
      const unit = `GET ${route}`;
      // A limit is part of what is cached: each of these is asked for the first time.
      const isList = !/random|\/7$|\/author-0$|\/sources\/[^/]*$/.test(path);
      for (const limit of isList ? [1, 10, 100] : [0]) {
        const before = await readUnit(app, 'request', unit);
        const answer = await fetch(
          `${app.url}${path.replace('{limit}', String(limit))}${isList ? `${path.includes('?') ? '&' : '?'}limit=${limit}` : ''}`,
        );
        expect(answer.status).toBe(200);
        await answer.text();
        await expect.poll(async () => (await readUnit(app, 'request', unit)).times).toBe(before.times + 1);
        expect((await readUnit(app, 'request', unit)).queries - before.queries).toBe(queries);
      }
    },
  );

  it('a run makes one, and health none but its probe', async () => {
    expect((await fetch(`${app.url}/api/v1/runs/${runId}`)).status).toBe(200);
    await expect
      .poll(() => readUnit(app, 'request', 'GET /api/v1/runs/:id'))
      .toEqual({ queries: 1, times: 1 });
    expect((await fetch(`${app.url}/health/live`)).status).toBe(200);
    await expect.poll(() => readUnit(app, 'request', 'GET /health/live')).toEqual({ queries: 0, times: 1 });
  });
});

describe('a scrape', () => {
  let site: Site;
  let environment: TestEnvironment;
  let app: TestApp;

  beforeAll(async () => {
    site = await startSite();
    environment = await createEnvironment({ QUOTES_START_URL: site.url });
    app = await bootApp('all', environment.env);
  });
  afterAll(async () => {
    await app?.close();
    await environment?.dispose();
    await site?.close();
  });

  it('counts its task and each of its batches for themselves', async () => {
    await new Api(app.url).scrape();
    await expect.poll(() => readUnit(app, 'task', 'scrape.run')).toMatchObject({ times: 1 });
    const batches = await readUnit(app, 'batch', 'quotes');
    expect(batches.times).toBeGreaterThan(0);
    // Begin, requests, four to store items, links, pages, the run, commit; and once for all, four that end the run.
    expect(batches.queries).toBeLessThanOrEqual(10 * batches.times + 5);
    // The run, its source; then begin, lock, add the first request, set it running, commit.
    expect((await readUnit(app, 'task', 'scrape.run')).queries).toBe(7);
  });
});
