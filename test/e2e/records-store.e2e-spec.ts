import 'reflect-metadata';
import fc from 'fast-check';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import type { DataSource } from 'typeorm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Transactions } from '../../src/core/database/index.js';
import { type JsonValue, type RecordItem, RecordsPipeline } from '../../src/features/records/index.js';
import type { StoredCounts } from '../../src/features/scraping/index.js';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { openAsWorker, type WorkerDatabase } from '../support/worker-database.js';

let environment: TestEnvironment;
let dataSource: DataSource;
let transactions: Transactions;
let statements: WorkerDatabase['statements'];
const pipeline = new RecordsPipeline({ invalidate: async () => undefined } as never);

beforeAll(async () => {
  environment = await createEnvironment();
  ({ dataSource, transactions, statements } = await openAsWorker(environment));
});
beforeEach(async () => {
  await environment.query('TRUNCATE record, record_change, source RESTART IDENTITY CASCADE');
  await environment.query(
    `INSERT INTO source (slug, name, spider, start_urls)
     SELECT s, s, 'declared', '{http://127.0.0.1/}' FROM unnest('{s,t}'::text[]) s`,
  );
});
afterAll(async () => {
  await dataSource?.destroy();
  await environment?.dispose();
});

const item = (key: JsonValue, data: RecordItem['data'], rest: Partial<RecordItem> = {}): RecordItem => ({
  kind: 'item',
  key: JSON.stringify([key]),
  data,
  url: 'http://127.0.0.1/list',
  ...rest,
});
const itemsOf = (count: number, price = 1): RecordItem[] =>
  Array.from({ length: count }, (_, n) => item(n, { title: `"Book" ${n} \\ {}`, price, tags: ['a', 'b'] }));
const store = (items: RecordItem[], runId: string = randomUUID(), sourceId = 1): Promise<StoredCounts> =>
  transactions.run((manager) => pipeline.store(items, { sourceId, runId }, manager));

interface Row {
  data: Record<string, JsonValue>;
  url: string;
  seen: number;
  changes: number;
  changed: boolean;
}
const rows = (): Promise<Row[]> =>
  environment.query(`SELECT data, url, seen_count AS seen, change_count AS changes, last_changed > first_seen AS changed
    FROM record ORDER BY (key::jsonb -> 0)`);
const historyOf = (id = 1): Promise<{ before: object; after: object }[]> =>
  environment.query('SELECT before, after FROM record_change WHERE record_id = $1 ORDER BY id', [id]);

describe('a batch of records', () => {
  it('is one statement for a thousand new ones, and one more for those that are there', async () => {
    const sent = async (items: RecordItem[]): Promise<number> => {
      statements.sent.length = 0;
      await store(items);
      return statements.sent.length - ['begin', 'commit'].length;
    };
    expect(await sent([])).toBe(0);
    expect(await sent(itemsOf(1))).toBe(1);
    expect(await sent(itemsOf(1000).slice(1))).toBe(1);
    expect(await sent(itemsOf(1000))).toBe(2);
    expect(await sent(itemsOf(1500, 2))).toBe(4);
    // Large ones are fewer to a statement.
    const large = Array.from({ length: 6 }, (_, n) => item(`large ${n}`, { html: 'x'.repeat(1_500_000) }));
    expect(await sent(large)).toBe(3);
  });

  it('tells new, changed and unchanged ones apart', async () => {
    expect(await store(itemsOf(50))).toEqual({ inserted: 50, updated: 0, unchanged: 0 });
    const half = [...itemsOf(25, 2), ...itemsOf(60).slice(25)];
    expect(await store(half)).toEqual({ inserted: 10, updated: 25, unchanged: 25 });
    const [first, ...others] = await rows();
    expect(first).toMatchObject({ data: half[0]?.data, seen: 2, changes: 1, changed: true });
    expect(others.at(30)).toMatchObject({ seen: 2, changes: 0, changed: false });
  });

  it('changes and counts nothing when it comes again in the same run', async () => {
    const runId = randomUUID();
    await store(itemsOf(3));
    const items = [...itemsOf(2, 2), item(7, { title: 'New' })];
    expect(await store(items, runId)).toEqual({ inserted: 1, updated: 2, unchanged: 0 });
    const before = await environment.query('SELECT *, xmin FROM record ORDER BY id');
    expect(await store(items, runId)).toEqual({ inserted: 0, updated: 0, unchanged: 0 });
    // Not even written: xmin is the transaction that wrote a row.
    expect(await environment.query('SELECT *, xmin FROM record ORDER BY id')).toEqual(before);
  });

  it('uses up no number for what is there already', async () => {
    for (let run = 0; run < 5; run++) await store(itemsOf(100, run));
    await store([item('one more', {})]);
    expect(await environment.query('SELECT max(id)::int AS id FROM record')).toEqual([{ id: 101 }]);
  });

  it('keeps records of different kinds, sources and keys apart, and takes any text', async () => {
    const keys: JsonValue[] = ['a', 'A', 1, '1', 'ä', 'a\u0308', '👩‍🚀', '"', '\\', '{}', null, ['a']];
    const items = keys.map((key) => item(key, { text: `${JSON.stringify(key)}\0\ud83d` }));
    expect(await store(items)).toMatchObject({ inserted: keys.length });
    expect(await store(items.map((one) => ({ ...one, kind: 'other' })))).toMatchObject({
      inserted: keys.length,
    });
    expect(await store(items, undefined, 2)).toMatchObject({ inserted: keys.length });
    expect(await store(items)).toMatchObject({ unchanged: keys.length });
  });
});

describe('emptiness', () => {
  it.each<[string, RecordItem['data']]>([
    ['null', { price: null }],
    ['an empty text', { title: '' }],
    ['an empty list', { tags: [] }],
    ['a list of nothing', { tags: ['', null] }],
    ['a field that is not there', {}],
  ])('does not overwrite: %s', async (_, empty) => {
    const known = { title: 'A', price: 3, tags: ['x'] };
    await store([item(1, known, { history: true })]);
    expect(await store([item(1, empty, { history: true })])).toEqual({
      inserted: 0,
      updated: 0,
      unchanged: 1,
    });
    expect(await rows()).toMatchObject([{ data: known, seen: 2, changes: 0, changed: false }]);
    expect(await historyOf()).toEqual([]);
  });

  it('is not 0 or false', async () => {
    await store([item(1, { price: 3, stock: true })]);
    expect(await store([item(1, { price: 0, stock: false })])).toMatchObject({ updated: 1 });
    expect(await rows()).toMatchObject([{ data: { price: 0, stock: false } }]);
  });
});

describe('a list and a detail page of one run', () => {
  it('make one record, counted once, in either order, whether in one batch or in two', async () => {
    const list = item(1, { title: 'A', price: 3 });
    const detail = item(1, { title: 'A', text: 'Long', stock: null }, { url: 'http://127.0.0.1/detail' });
    for (const pages of [[[list, detail]], [[detail, list]], [[list], [detail]], [[detail], [list]]]) {
      await environment.query('TRUNCATE record RESTART IDENTITY CASCADE');
      for (const outcome of ['inserted', 'unchanged'] as const) {
        const runId = randomUUID();
        const none = { inserted: 0, updated: 0, unchanged: 0 };
        const counts = [];
        for (const batch of [...pages, ...pages]) counts.push(await store(batch, runId));
        const [first, ...others] = counts;
        expect(first).toEqual({ ...none, [outcome]: 1 });
        for (const other of others) expect(other).toEqual(none);
      }
      expect(await rows()).toMatchObject([
        { data: { title: 'A', price: 3, text: 'Long' }, seen: 2, changes: 0 },
      ]);
    }
  });

  it('make one change of it, also when the list has said already that it is there', async () => {
    const list = item(1, { title: 'A' }, { history: true });
    const detail = (text: string, price: number): RecordItem => item(1, { text, price }, { history: true });
    await store([list, detail('one', 1)]);
    const runId = randomUUID();
    expect(await store([list], runId)).toEqual({ inserted: 0, updated: 0, unchanged: 1 });
    expect(await store([detail('two', 1)], runId)).toEqual({ inserted: 0, updated: 0, unchanged: 0 });
    expect(await store([detail('two', 2)], runId)).toEqual({ inserted: 0, updated: 0, unchanged: 0 });
    expect(await rows()).toMatchObject([
      { data: { title: 'A', text: 'two', price: 2 }, seen: 2, changes: 1, changed: true },
    ]);
    expect(await historyOf()).toEqual([
      { before: { text: 'one', price: 1 }, after: { text: 'two', price: 2 } },
    ]);
  });
});

describe('the history of a record', () => {
  it('has the fields that a run changed, as they were and as they are; not the first run', async () => {
    const runId = randomUUID();
    await store([item(1, { a: 1, b: ['x'], c: 'same' }, { history: true })], runId);
    await store([item(1, { later: 'in the first run' }, { history: true })], runId);
    await store([item(1, { a: 2, b: ['x'], d: 'new' }, { history: true })]);
    await store([item(1, { a: 2, b: ['x', 'y'] }, { history: true })]);
    expect(await historyOf()).toEqual([
      { before: { a: 1 }, after: { a: 2, d: 'new' } },
      { before: { b: ['x'] }, after: { b: ['x', 'y'] } },
    ]);
  });

  it('is kept only where it is asked for', async () => {
    for (const a of [1, 2, 3]) await store([item(1, { a }), item(2, { a }, { history: true })]);
    expect(await historyOf(1)).toEqual([]);
    expect(await historyOf(2)).toHaveLength(2);
    await environment.query('DELETE FROM source');
    expect(await environment.query('SELECT FROM record UNION ALL SELECT FROM record_change')).toEqual([]);
  });

  it('has the newest thousand changes', async () => {
    await store([item(1, { a: 0 }, { history: true })]);
    await environment.query(
      `INSERT INTO record_change (record_id, run_id, before, after)
       SELECT 1, gen_random_uuid(), jsonb_build_object('a', n), jsonb_build_object('a', n + 1) FROM generate_series(1, 1500) n`,
    );
    await environment.query('UPDATE record SET change_count = 1500');
    await store([item(1, { a: 1 }, { history: true })]);
    const kept = await historyOf();
    expect(kept).toHaveLength(1000);
    expect([kept[0], kept.at(-1)]).toEqual([
      { before: { a: 502 }, after: { a: 503 } },
      { before: { a: 0 }, after: { a: 1 } },
    ]);
  });
});

describe('any sequence of runs, batches and items', () => {
  it('leaves what a plain model of it has', async () => {
    const value = fc.constantFrom<JsonValue>(
      null,
      '',
      [],
      0,
      1,
      1.5,
      false,
      true,
      'a',
      'b',
      ['a'],
      ['a', 'b'],
    );
    const one = fc.tuple(
      fc.constantFrom(1, 2, 3),
      fc.dictionary(fc.constantFrom('x', 'y', 'z'), value, { maxKeys: 3 }),
    );
    const runs = fc.array(
      fc.array(fc.array(one, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 3 }),
      {
        maxLength: 4,
      },
    );
    await fc.assert(
      fc.asyncProperty(runs, async (given) => {
        await environment.query('TRUNCATE record RESTART IDENTITY CASCADE');
        const model = new Map<
          number,
          { data: RecordItem['data']; seen: number; changes: number; foundIn: number }
        >();
        for (const [run, batches] of given.entries()) {
          const runId = randomUUID();
          const total = { inserted: 0, updated: 0, unchanged: 0 };
          const counted = new Set<number>();
          const changed = new Set<number>();
          const known = new Set(model.keys());
          for (const batch of batches) {
            const counts = await store(
              batch.map(([key, data]) => item(key, data, { history: true })),
              runId,
            );
            for (const outcome of ['inserted', 'updated', 'unchanged'] as const)
              total[outcome] += counts[outcome];
            for (const [key, data] of merged(batch)) {
              const record = model.get(key) ?? { data: {}, seen: 0, changes: 0, foundIn: run };
              model.set(key, record);
              if (!counted.has(key)) record.seen++;
              counted.add(key);
              const now = { ...record.data, ...data };
              if (JSON.stringify(sorted(now)) === JSON.stringify(sorted(record.data))) continue;
              record.data = now;
              if (record.foundIn !== run && !changed.has(key)) record.changes++;
              changed.add(key);
            }
          }
          expect(total.inserted).toBe([...counted].filter((key) => !known.has(key)).length);
          expect(total.inserted + total.updated + total.unchanged).toBe(counted.size);
        }
        const stored = await environment.query<{ key: string }>(
          'SELECT key, data, seen_count AS seen, change_count AS changes FROM record ORDER BY key',
        );
        const expected = [...model]
          .sort(([a], [b]) => a - b)
          .map(([key, { data, seen, changes }]) => ({ key: `[${key}]`, data, seen, changes }));
        expect(stored).toEqual(expected);
        // Undoing the changes of a record from the last to the first leads back to values that it has had.
        const [broken] = await environment.query<{ count: number }>(
          `SELECT count(*)::int AS count FROM record r JOIN LATERAL (
             SELECT after FROM record_change c WHERE c.record_id = r.id ORDER BY id DESC LIMIT 1
           ) c ON NOT r.data @> c.after`,
        );
        expect(broken).toEqual({ count: 0 });
      }),
      { numRuns: 60, seed: 20_251_124 },
    );
  });

  const isEmpty = (value: JsonValue): boolean =>
    value === null || value === '' || (Array.isArray(value) && value.length === 0);
  const sorted = (data: object): object =>
    Object.fromEntries(Object.entries(data).sort(([a], [b]) => (a < b ? -1 : 1)));
  function merged(batch: [number, Record<string, JsonValue>][]): Map<number, Record<string, JsonValue>> {
    const all = new Map<number, Record<string, JsonValue>>();
    for (const [key, data] of batch) {
      const said = all.get(key) ?? {};
      for (const [name, value] of Object.entries(data)) if (!isEmpty(value)) said[name] = value;
      all.set(key, said);
    }
    return all;
  }
});

describe('several workers of one run that store the same records at once', () => {
  it('neither deadlock nor lose, double or miscount anything', async () => {
    const [processes, rounds, size, all] = [3, 30, 200, 600];
    const deadlocks = async (): Promise<number> => {
      await environment.query('SELECT pg_stat_force_next_flush()');
      const [row] = await environment.query<{ deadlocks: string }>(
        'SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()',
      );
      return Number(row?.deadlocks);
    };
    const before = await deadlocks();
    const work = async (runId: string): Promise<(StoredCounts & { retries: number })[]> => {
      await environment.query('SELECT pg_advisory_lock(4711)');
      const working = Promise.all(
        Array.from({ length: processes }, (_, own) =>
          promisify(execFile)(
            process.execPath,
            ['test/support/store-records.mjs', ...[own, rounds, size, all].map(String), runId],
            { env: { PATH: process.env.PATH, ...environment.env } },
          ),
        ),
      );
      await eventually('all of them to wait for the start', async () => {
        const waiting = await environment.query(
          `SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND objid = 4711
             AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
        );
        return waiting.length === processes ? true : undefined;
      });
      await environment.query('SELECT pg_advisory_unlock(4711)');
      const outputs = await working;
      return outputs.map(({ stdout }) => JSON.parse(stdout) as StoredCounts & { retries: number });
    };
    const sum = (done: StoredCounts[], outcome: keyof StoredCounts): number =>
      done.reduce((total, one) => total + one[outcome], 0);

    const first = await work(randomUUID());
    // Each record is new to exactly one of them, and what the others add to it does not count.
    expect([sum(first, 'inserted'), sum(first, 'updated'), sum(first, 'unchanged')]).toEqual([all, 0, 0]);
    const second = await work(randomUUID());
    expect([sum(second, 'inserted'), sum(second, 'updated'), sum(second, 'unchanged')]).toEqual([0, 0, all]);
    const told = Object.fromEntries(
      Array.from({ length: processes }, (_, own) => [`of${own}`, `told by ${own}`]),
    );
    const stored =
      await environment.query(`SELECT data - 'number' AS data, seen_count, change_count, count(*)::int
      FROM record GROUP BY 1, 2, 3`);
    expect(stored).toEqual([{ data: told, seen_count: 2, change_count: 0, count: all }]);
    expect(await deadlocks()).toBe(before);
    expect([...first, ...second].map(({ retries }) => retries)).toEqual([0, 0, 0, 0, 0, 0]);
  }, 120_000);
});
