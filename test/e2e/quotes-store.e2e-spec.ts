import 'reflect-metadata';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import type { DataSource } from 'typeorm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Transactions } from '../../src/core/database/index.js';
import type { QuoteItem } from '../../src/features/quotes/scraping/quote-item.js';
import { QuotesPipeline } from '../../src/features/quotes/scraping/quotes.pipeline.js';
import type { StoredCounts } from '../../src/features/scraping/index.js';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { openAsWorker, type WorkerDatabase } from '../support/worker-database.js';

let environment: TestEnvironment;
let dataSource: DataSource;
let transactions: Transactions;
let statements: WorkerDatabase['statements'];
const pipeline = new QuotesPipeline({ invalidate: async () => undefined } as never);

beforeAll(async () => {
  environment = await createEnvironment();
  ({ dataSource, transactions, statements } = await openAsWorker(environment));
});
beforeEach(async () => {
  await environment.query('TRUNCATE quote, quote_tag, author, tag, source, run RESTART IDENTITY CASCADE');
  await environment.query(
    `INSERT INTO source (slug, name, spider, start_urls) VALUES ('s', 'S', 'quotes', '{http://127.0.0.1/}')`,
  );
});
afterAll(async () => {
  await dataSource?.destroy();
  await environment?.dispose();
});

const quote = (number: number): QuoteItem => ({
  kind: 'quote',
  text: `Saying "number" ${number}, with a \\ and a {brace}`,
  authorSlug: `author-${number % 10}`,
  authorName: `Author ${number % 10}`,
  tags: [`tag-${number % 7}`, 'a "quoted", one', 'back\\slash'],
});
const quotesOf = (count: number, first = 0): QuoteItem[] =>
  Array.from({ length: count }, (_, index) => quote(first + index));
const store = (items: QuoteItem[], runId: string = randomUUID()): Promise<StoredCounts> =>
  transactions.run((manager) => pipeline.store(items, { sourceId: 1, runId }, manager));

/** What is counted and what stands at the quotes is what a count and a join give. */
async function expectConsistent(): Promise<void> {
  const [wrong] = await environment.query<Record<string, number>>(`SELECT
    (SELECT count(*)::int FROM author a WHERE coalesce((SELECT quotes FROM author_quote_count WHERE author_id = a.id), 0)
      <> (SELECT count(*) FROM quote WHERE author_id = a.id)) AS authors,
    (SELECT count(*)::int FROM tag t WHERE coalesce((SELECT quotes FROM tag_quote_count WHERE tag_id = t.id), 0)
      <> (SELECT count(*) FROM quote_tag WHERE tag_id = t.id)) AS tags,
    (SELECT count(*)::int FROM quote q WHERE tags <> array(
      SELECT t.name FROM quote_tag qt JOIN tag t ON t.id = qt.tag_id WHERE qt.quote_id = q.id ORDER BY qt.position)) AS quotes,
    (SELECT count(*)::int FROM quote WHERE search <> to_tsvector('english', text)) AS words,
    (SELECT count(*)::int FROM quote_tag qt JOIN quote q ON q.id = qt.quote_id WHERE q.created_at <> qt.created_at) AS times`);
  expect(wrong).toEqual({ authors: 0, tags: 0, quotes: 0, words: 0, times: 0 });
}

describe('a batch', () => {
  async function statementsOf(items: QuoteItem[]): Promise<number> {
    statements.sent.length = 0;
    await store(items);
    return statements.sent.length;
  }

  it('is stored in exactly five statements, however many quotes it has up to 1000', async () => {
    // Begin, names of authors, tags, quotes with their tags, commit.
    for (const count of [1, 10, 1000]) expect(await statementsOf(quotesOf(count, count * 10))).toBe(5);
    // Unchanged: the same. Nothing at all: no statement for it.
    expect(await statementsOf(quotesOf(1000, 10_000))).toBe(5);
    expect(await statementsOf([])).toBe(2);
    // Each further thousand one more; changed ones two more, to replace their tags.
    expect(await statementsOf(quotesOf(2500, 20_000))).toBe(7);
    const changed = quotesOf(100, 20_000).map((one) => ({ ...one, tags: ['changed'] }));
    expect(await statementsOf(changed)).toBe(7);
    await expectConsistent();
  });

  it('tells new, changed and unchanged quotes apart, and counts those of one run once', async () => {
    const runId = randomUUID();
    expect(await store(quotesOf(50), runId)).toEqual({ inserted: 50, updated: 0, unchanged: 0 });
    expect(await store(quotesOf(50), runId)).toEqual({ inserted: 0, updated: 0, unchanged: 0 });
    const half = quotesOf(60).map((one, index) =>
      index < 25 ? { ...one, tags: one.tags.toReversed() } : one,
    );
    expect(await store(half)).toEqual({ inserted: 10, updated: 25, unchanged: 25 });
    await expectConsistent();
    const [first] = await environment.query<{ tags: string[]; text: string; scraped_count: number }>(
      `SELECT tags, text, scraped_count FROM quote WHERE text LIKE '% 0,%'`,
    );
    expect(first).toEqual({ tags: half[0]?.tags, text: half[0]?.text, scraped_count: 2 });
  });

  it('uses up no number for what is there already', async () => {
    for (let run = 0; run < 5; run++) await store(quotesOf(100));
    const [ids] = await environment.query<{ quotes: number; tags: number; authors: number }>(
      'SELECT max(id)::int AS quotes, (SELECT max(id) FROM tag) AS tags, (SELECT max(id)::int FROM author) AS authors FROM quote',
    );
    expect(ids).toEqual({ quotes: 100, tags: 9, authors: 10 });
    await store(quotesOf(1, 1000));
    expect(await environment.query('SELECT max(id)::int AS id FROM quote')).toEqual([{ id: 101 }]);
  });

  it('keeps counts right also when rows are changed and deleted by hand', async () => {
    await store(quotesOf(100));
    await environment.query('DELETE FROM quote WHERE id <= 30');
    await environment.query('UPDATE quote SET author_id = 1 WHERE id % 3 = 0');
    await environment.query('DELETE FROM quote_tag WHERE tag_id = 1');
    await environment.query(
      `UPDATE quote SET tags = array_remove(tags, (SELECT name FROM tag WHERE id = 1))`,
    );
    const [counts] = await environment.query(`SELECT sum(quotes)::int AS authors FROM author_quote_count`);
    expect(counts).toEqual({ authors: 70 });
    await environment.query('TRUNCATE quote, quote_tag');
    await expectConsistent();
  });
});

describe('several processes that store the same quotes at once', () => {
  it('neither deadlock nor lose or double anything', async () => {
    const [processes, rounds, size, all] = [4, 12, 200, 600];
    const [before] = await environment.query<{ deadlocks: string }>(
      'SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()',
    );
    const outputs = await Promise.all(
      Array.from({ length: processes }, (_, own) =>
        promisify(execFile)(
          process.execPath,
          ['test/support/store-quotes.mjs', ...[own, rounds, size, all].map(String)],
          { env: { PATH: process.env.PATH, ...environment.env } },
        ),
      ),
    );
    const done = outputs.map(({ stdout }) => JSON.parse(stdout) as StoredCounts & { retries: number });
    const sum = (of: (one: (typeof done)[number]) => number): number =>
      done.reduce((total, one) => total + of(one), 0);
    // Each quote is new to exactly one of them, and each storing of it counts.
    const [rows] = await environment.query<{ quotes: number; scraped: number }>(
      'SELECT count(*)::int AS quotes, sum(scraped_count)::int AS scraped FROM quote',
    );
    expect(rows).toEqual({ quotes: all, scraped: processes * rounds * size });
    const quotesStored =
      sum(({ inserted, updated, unchanged }) => inserted + updated + unchanged) - processes * rounds * 5;
    expect(quotesStored).toBe(processes * rounds * size);
    await expectConsistent();
    await environment.query('SELECT pg_stat_force_next_flush()');
    const [after] = await environment.query<{ deadlocks: string }>(
      'SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()',
    );
    // Keys in order: there is nothing to try again.
    expect({
      deadlocks: Number(after?.deadlocks) - Number(before?.deadlocks),
      retries: sum((one) => one.retries),
    }).toEqual({
      deadlocks: 0,
      retries: 0,
    });
  }, 120_000);
});

describe("transactions that are in each other's way", () => {
  it('are tried again: after a deadlock both have done their work', async () => {
    await environment.query(`INSERT INTO tag (name) VALUES ('one'), ('two')`);
    const both = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
    const calls = [0, 0];
    const cross = (own: 0 | 1): Promise<void> =>
      transactions.run(async (manager) => {
        calls[own] = (calls[own] ?? 0) + 1;
        await manager.query(`UPDATE tag SET name = name || '+' WHERE id = $1`, [own + 1]);
        both[own].resolve();
        await both[own === 0 ? 1 : 0].promise;
        await manager.query(`UPDATE tag SET name = name || '-' WHERE id = $1`, [own === 0 ? 2 : 1]);
      });
    await Promise.all([cross(0), cross(1)]);
    expect((calls[0] ?? 0) + (calls[1] ?? 0)).toBe(3);
    const names = await environment.query<{ name: string }>('SELECT name FROM tag ORDER BY id');
    for (const { name } of names) expect(name.slice(3).split('').sort().join('')).toBe('+-');
  });

  it('that fail for another reason are not', async () => {
    let calls = 0;
    const failing = transactions.run(async (manager) => {
      calls++;
      await manager.query('SELECT 1 / 0');
    });
    await expect(failing).rejects.toThrow('division by zero');
    expect(calls).toBe(1);
  });
});
