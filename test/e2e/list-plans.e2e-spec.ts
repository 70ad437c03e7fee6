import 'reflect-metadata';
import type { DataSource } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDataSource } from '../../src/app/data-source.js';
import { loadConfig } from '../../src/core/config/index.js';
import { databaseConfig } from '../../src/core/database/index.js';
import { AuthorFinder } from '../../src/features/quotes/reading/author.finder.js';
import { QuoteFinder, type QuoteFilter } from '../../src/features/quotes/reading/quote.finder.js';
import { RARE_MATCHES, WINDOW } from '../../src/features/quotes/reading/quote-list.query.js';
import { TagFinder } from '../../src/features/quotes/reading/tag.finder.js';
import { type RunFilter, RunReader } from '../../src/features/scraping/runs/run-reader.js';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { type Cost, costOf as costIn } from '../support/explain.js';
import { GENERATED, generateQuotes } from '../support/generated-quotes.js';

const QUOTES = 200_000;
const RUNS = 20_000;
const PAGE = 20;
/** A window of rows, each looked up by a key of four levels, twice; and the rest of the page. */
const MOST_BUFFERS = WINDOW * 8;

let environment: TestEnvironment;
let dataSource: DataSource;
let quotes: QuoteFinder;

beforeAll(async () => {
  environment = await createEnvironment();
  await generateQuotes(environment, QUOTES);
  await environment.query(
    `INSERT INTO run (id, source_id, trigger, status, stats, failures, created_at)
     SELECT gen_random_uuid(), s.id, 'api', CASE WHEN n % 1000 = 3 THEN 'failed' ELSE 'succeeded' END, '{}', '[]',
       timestamptz '2026-01-01' + n / 10 * interval '1 second'
     FROM generate_series(1, $1::int) n JOIN source s ON s.slug = CASE WHEN n < 4 THEN 'small' ELSE 'big' END`,
    [RUNS],
  );
  await environment.query('ANALYZE run');
  dataSource = await createDataSource(
    loadConfig(environment.env, [databaseConfig]).get(databaseConfig),
  ).initialize();
  quotes = new QuoteFinder(dataSource);
}, 180_000);

afterAll(async () => {
  await dataSource?.destroy();
  await environment?.dispose();
});

const costOf = (read: (explaining: DataSource) => Promise<unknown>): Promise<Cost> =>
  costIn(dataSource, read);

const { authors, tags, words, sources } = GENERATED;
const CURSOR = ['2026-01-01T00:08:20.000Z', 150_123] as const;

type Asked = Omit<QuoteFilter, 'limit'>;
/** Every combination of the conditions with values that are frequent, rare, absent, and that never meet. */
const COMBINATIONS: Asked[] = [undefined, authors.prolific, authors.usual, authors.silent].flatMap((author) =>
  [undefined, tags.common, tags.old, tags.rare, tags.disjoint].flatMap((tag) =>
    [undefined, sources.big, sources.small, sources.none].flatMap((source) =>
      [undefined, words.frequent, words.some, words.rare, words.none, '"river stone" -patience'].flatMap(
        (q) => [undefined, CURSOR].map((cursor) => ({ author, tag, source, q, cursor })),
      ),
    ),
  ),
);

const INDEX_OF: [Asked, string][] = [
  [{}, 'ix_quote_created_at'],
  [{ author: authors.prolific }, 'ix_quote_author_id_created_at'],
  [{ author: authors.usual }, 'ix_quote_author_id_created_at'],
  [{ source: sources.big }, 'ix_quote_source_id_created_at'],
  [{ source: sources.small }, 'ix_quote_source_id_created_at'],
  [{ tag: tags.common }, 'ix_quote_tag_tag_id_created_at'],
  [{ tag: tags.rare }, 'ix_quote_tag_tag_id_created_at'],
  [{ q: words.rare }, 'ix_quote_search'],
  [{ q: words.frequent }, 'ix_quote_created_at'],
  [{ q: words.frequent, tag: tags.disjoint }, 'ix_quote_tag_tag_id_created_at'],
  [{ author: authors.usual, tag: tags.common }, 'ix_quote_author_id_created_at'],
  [{ author: authors.prolific, tag: tags.rare }, 'ix_quote_tag_tag_id_created_at'],
];

describe(`a list of ${QUOTES} quotes`, () => {
  it.each(INDEX_OF)('by %o is read from %s, with and without a cursor', async (asked, index) => {
    for (const cursor of [undefined, CURSOR]) {
      const cost = await costOf((explaining) =>
        new QuoteFinder(explaining).list({ ...asked, cursor, limit: PAGE }),
      );
      expect(cost.indexes).toContain(index);
      expect(cost.scanned).toEqual([]);
    }
  });

  it(`by any of ${COMBINATIONS.length} combinations reads a bounded number of rows and blocks`, async () => {
    for (const asked of COMBINATIONS) {
      const cost = await costOf((explaining) => new QuoteFinder(explaining).list({ ...asked, limit: PAGE }));
      const what = JSON.stringify(asked);
      expect(cost.scanned, what).toEqual([]);
      // The window, once for its rows and once for its end; rows of a tag are looked up by their key.
      expect(cost.rows, what).toBeLessThanOrEqual(3 * WINDOW + 10 * PAGE);
      expect(cost.buffers, what).toBeLessThanOrEqual(MOST_BUFFERS);
    }
  }, 240_000);

  it('reads little more than the page where one index has all that is asked', async () => {
    for (const asked of [{}, { author: authors.prolific }, { tag: tags.common }, { source: sources.big }]) {
      const cost = await costOf((explaining) => new QuoteFinder(explaining).list({ ...asked, limit: PAGE }));
      expect(cost.rows, JSON.stringify(asked)).toBeLessThan(8 * PAGE);
    }
  });

  it.each<Asked>([
    { author: authors.prolific, tag: tags.old },
    { q: words.frequent, tag: tags.disjoint },
    { q: words.some },
    { q: words.rare },
    { author: authors.usual, source: sources.big, tag: tags.common },
    { source: sources.small },
    { q: '"river stone" -patience', tag: tags.rare },
  ])('by %o gives, page by page, exactly what there is, newest first, also at equal times', async (asked) => {
    const expected = await environment.query<{ id: string }>(
      `SELECT q.id FROM quote q JOIN author a ON a.id = q.author_id JOIN source s ON s.id = q.source_id
       WHERE ($1::text IS NULL OR a.slug = $1) AND ($2::text IS NULL OR $2 = ANY(q.tags))
         AND ($3::text IS NULL OR s.slug = $3)
         AND ($4::text IS NULL OR to_tsvector('english', q.text) @@ websearch_to_tsquery('english', $4))
       ORDER BY q.created_at DESC, q.id DESC LIMIT 700`,
      [asked.author ?? null, asked.tag ?? null, asked.source ?? null, asked.q ?? null],
    );
    const found: number[] = [];
    let cursor: QuoteFilter['cursor'];
    do {
      const page = await quotes.list({ ...asked, cursor, limit: 97 });
      found.push(...page.items.map((quote) => quote.id));
      expect(page.items.length).toBeLessThanOrEqual(97);
      cursor = page.nextCursor
        ? (JSON.parse(Buffer.from(page.nextCursor, 'base64url').toString()) as typeof cursor)
        : undefined;
    } while (cursor !== undefined && found.length < 700);
    expect(found.slice(0, 700)).toEqual(expected.map(({ id }) => Number(id)));
    if (expected.length < 700) expect(cursor).toBeUndefined();
  });

  it('finds what words match also when the statistics are wrong about them', async () => {
    // Nine in ten quotes, and the planner is told there are none.
    const misled = {
      query: (sql: string, values?: unknown[]) =>
        sql.startsWith('EXPLAIN')
          ? Promise.resolve([{ 'QUERY PLAN': [{ Plan: { 'Plan Rows': RARE_MATCHES } }] }])
          : dataSource.query(sql, values),
    } as unknown as DataSource;
    const filter = { q: words.frequent, limit: PAGE };
    expect(await new QuoteFinder(misled).list(filter)).toEqual(await quotes.list(filter));
    const cost = await costOf((explaining) =>
      new QuoteFinder({
        query: (sql: string, values?: unknown[]) =>
          sql.startsWith('EXPLAIN') ? misled.query(sql) : explaining.query(sql, values),
      } as unknown as DataSource).list(filter),
    );
    expect(cost.rows).toBeLessThanOrEqual(2 * WINDOW + 10 * PAGE);
  });
});

describe('lists of authors, tags and runs', () => {
  it('count quotes without reading them', async () => {
    const reads = [
      (explaining: DataSource) => new AuthorFinder(explaining).list(100),
      (explaining: DataSource) => new AuthorFinder(explaining).list(100, 'author-5'),
      (explaining: DataSource) => new AuthorFinder(explaining).get(authors.prolific),
      (explaining: DataSource) => new TagFinder(explaining).list(100),
      (explaining: DataSource) => new TagFinder(explaining).list(100, 'old'),
    ];
    for (const read of reads) {
      const cost = await costOf(read);
      expect(cost.rows).toBeLessThan(500);
      expect(cost.indexes.filter((index) => index.startsWith('ix_quote'))).toEqual([]);
    }
    expect(await new AuthorFinder(dataSource).get(authors.prolific)).toMatchObject({
      quoteCount: QUOTES / 5,
    });
    expect(await new AuthorFinder(dataSource).get(authors.silent)).toMatchObject({ quoteCount: 0 });
    const { items } = await new TagFinder(dataSource).list(1);
    expect(items).toEqual([{ name: tags.common, quoteCount: QUOTES / 2 }]);
  });

  it.each<[RunFilter, string]>([
    [{}, 'ix_run_created_at'],
    [{ source: sources.small }, 'ix_run_source_id'],
    [{ source: sources.none }, 'ix_run_source_id'],
    [{ status: 'failed' }, 'ix_run_status_created_at'],
    // Of nearly all runs either index gives the newest, and of runs under way the unique one is the smallest.
    [{ source: sources.big }, 'ix_run'],
    [{ status: 'pending' }, 'run'],
    [{ source: sources.small, status: 'failed' }, 'ix_run_source_id'],
    [{ source: sources.big, status: 'failed' }, 'status_created_at'],
  ])('runs by %o are read from %s', async (asked, index) => {
    const after = ['2026-01-01T00:20:00.000Z', '7f000000-0000-4000-8000-000000000000'] as const;
    for (const filter of [asked, { ...asked, after }]) {
      const cost = await costOf((explaining) => new RunReader(explaining).list(filter, PAGE));
      expect(cost.scanned).toEqual([]);
      expect(cost.rows).toBeLessThan(8 * PAGE);
      expect(
        cost.indexes.some((name) => name.includes(index)),
        cost.indexes.join(),
      ).toBe(true);
    }
  });
});
