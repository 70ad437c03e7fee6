import 'reflect-metadata';
import type { DataSource } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDataSource } from '../../src/app/data-source.js';
import { loadConfig } from '../../src/core/config/index.js';
import { databaseConfig } from '../../src/core/database/index.js';
import { parseCondition, type Condition } from '../../src/features/records/reading/condition.js';
import { RecordFinder, type RecordPageFilter } from '../../src/features/records/reading/record.finder.js';
import { WINDOW } from '../../src/features/records/reading/record-list.query.js';
import type { SourceService } from '../../src/features/sources/index.js';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { costOf as costIn, type Cost } from '../support/explain.js';
import { generateRecords, RECORDS } from '../support/generated-records.js';

const COUNT = 200_000;
const PAGE = 20;

let environment: TestEnvironment;
let dataSource: DataSource;
let sources: Pick<SourceService, 'bySlug'>;

beforeAll(async () => {
  environment = await createEnvironment();
  await generateRecords(environment, COUNT);
  dataSource = await createDataSource(
    loadConfig(environment.env, [databaseConfig]).get(databaseConfig),
  ).initialize();
  sources = {
    bySlug: async (slug) =>
      (await environment.query<never>('SELECT id, extraction FROM source WHERE slug = $1', [slug]))[0] ??
      expect.fail(`no source ${slug}`),
  };
}, 180_000);

afterAll(async () => {
  await dataSource?.destroy();
  await environment?.dispose();
});

const finder = (on: DataSource): RecordFinder => new RecordFinder(on, sources as SourceService);
const costOf = (read: (records: RecordFinder) => Promise<unknown>): Promise<Cost> =>
  costIn(dataSource, (explaining) => read(finder(explaining)));

const { sources: slugs, kinds, times } = RECORDS;
type Asked = Pick<RecordPageFilter, 'kind' | 'since'> & { slug: string; where?: string[]; cursor?: true };

function filterOf({ kind, since, where = [], cursor }: Asked): RecordPageFilter {
  return {
    kind,
    since,
    where: where.map((text) => parseCondition(text) as Condition),
    limit: PAGE,
    // In the middle of the list; or, as somebody can make one up, before its beginning.
    cursor: cursor && (since === undefined ? [null, COUNT / 2] : ['2026-01-01T00:05:00.000Z', COUNT / 2]),
  };
}
const page = (asked: Asked) => (records: RecordFinder) => records.list(asked.slug, filterOf(asked));

/** Every combination of filters with values that are frequent, rare, absent, and that never meet. */
const COMBINATIONS: Asked[] = [slugs.big, slugs.small, slugs.none].flatMap((slug) =>
  [undefined, kinds.frequent, kinds.some, kinds.rare, kinds.none].flatMap((kind) =>
    [undefined, times.first, times.middle, times.late].flatMap((since) =>
      [undefined, true as const].flatMap((cursor) =>
        [
          [],
          ['title exists'],
          ['price < 0'],
          ['price >= 10', 'stock = true', 'tags = tag-3'],
          ['title ~ "99"', 'price != 3'],
          ['title missing'],
        ]
          .filter((where) => kind !== kinds.some || !where.join().includes('stock'))
          .map((where) => ({ slug, kind, since, where, ...(cursor && { cursor }) })),
      ),
    ),
  ),
);

describe(`a list of ${COUNT} records`, () => {
  it.each<[Omit<Asked, 'slug'>, string]>([
    [{}, 'ix_record_source_id'],
    [{ kind: kinds.some }, 'ix_record_source_id_kind'],
    [{ since: times.middle }, 'ix_record_source_id_last_changed'],
    [{ kind: kinds.rare, since: times.middle }, 'ix_record_source_id_kind_last_changed'],
  ])(
    'by %o is read from %s, for large and small sources, with a cursor and conditions or without',
    async (asked, index) => {
      for (const slug of [slugs.big, slugs.small, slugs.none]) {
        for (const where of [[], ['price < 10']]) {
          for (const more of [{}, { cursor: true as const }]) {
            const cost = await costOf(page({ ...asked, ...more, slug, where }));
            expect(new Set(cost.indexes), JSON.stringify({ slug, where, ...more })).toEqual(new Set([index]));
            expect(cost.scanned).toEqual([]);
          }
        }
      }
    },
  );

  it(`by any of ${COMBINATIONS.length} combinations reads a bounded number of rows and blocks`, async () => {
    for (const asked of COMBINATIONS) {
      const cost = await costOf(page(asked));
      const what = JSON.stringify(asked);
      expect(cost.statements, what).toBe(1);
      expect(cost.scanned, what).toEqual([]);
      const checked = (asked.where ?? []).length > 0;
      // The window; without conditions the page alone. Blocks tell what a scan passed over.
      expect(cost.rows, what).toBeLessThanOrEqual(checked ? WINDOW : PAGE + 1);
      expect(cost.buffers, what).toBeLessThanOrEqual(checked ? 2 * WINDOW : 2 * PAGE);
    }
  }, 240_000);

  it.each<Asked>([
    { slug: slugs.big, kind: kinds.some, where: ['price < 1'] },
    { slug: slugs.big, where: ['signed exists'] },
    { slug: slugs.big, since: times.middle, where: ['title ~ "777"'] },
    { slug: slugs.big, kind: kinds.rare, since: times.first },
    { slug: slugs.small },
  ])(
    'by %o gives, page by page, exactly what there is, in its order',
    async (asked) => {
      const { kind, since, where } = filterOf(asked);
      const found: number[] = [];
      let cursor: RecordPageFilter['cursor'];
      let requests = 0;
      do {
        const { items, nextCursor } = await finder(dataSource).list(asked.slug, {
          kind,
          since,
          where,
          cursor,
          limit: 97,
        });
        found.push(...items.map(({ id }) => id));
        requests++;
        cursor = nextCursor
          ? (JSON.parse(Buffer.from(nextCursor, 'base64url').toString()) as typeof cursor)
          : undefined;
      } while (cursor !== undefined);
      const conditions: Record<string, string> = {
        'price < 1': `(data->>'price')::numeric < 1`,
        'signed exists': `data ? 'signed'`,
        'title ~ "777"': `data->>'title' LIKE '%777%'`,
      };
      const expected = await environment.query<{ id: string }>(
        `SELECT id FROM record WHERE source_id = (SELECT id FROM source WHERE slug = $1) AND ($2::text IS NULL OR kind = $2)
         AND ($3::timestamptz IS NULL OR last_changed >= $3) AND ${conditions[asked.where?.[0] ?? ''] ?? 'true'}
       ORDER BY ${since === undefined ? 'id DESC' : 'last_changed, id'}`,
        [asked.slug, kind ?? null, since ?? null],
      );
      expect(expected.length).toBeGreaterThan(0);
      expect(found).toEqual(expected.map(({ id }) => Number(id)));
      expect(requests).toBeLessThanOrEqual(Math.ceil(COUNT / WINDOW) + Math.ceil(expected.length / 97) + 1);
    },
    120_000,
  );
});

describe('a source that has grown since anything was analysed', () => {
  it('costs no more than any other', async () => {
    await environment.query('ALTER TABLE record SET (autovacuum_enabled = off)');
    await environment.query('ANALYZE record');
    await environment.query(
      `INSERT INTO record (source_id, kind, key_hash, key, data, url, last_run_id, changed_run_id)
       SELECT s.id, 'book', sha256(n::text::bytea), '[]', jsonb_build_object('price', n), '', gen_random_uuid(), gen_random_uuid()
       FROM source s, generate_series(1, 50000) n WHERE slug = $1`,
      [slugs.none],
    );
    for (const kind of [undefined, kinds.frequent]) {
      for (const since of [undefined, times.first]) {
        const cost = await costOf(page({ slug: slugs.none, kind, since }));
        expect(cost.rows).toBeLessThanOrEqual(PAGE + 1);
        const checked = await costOf(page({ slug: slugs.none, kind, since, where: ['price < 0'] }));
        expect(checked.rows).toBeLessThanOrEqual(WINDOW);
      }
    }
  });
});

describe('one record, and its changes', () => {
  it('are read by their keys', async () => {
    await environment.query(
      `INSERT INTO record_change (record_id, run_id, before, after)
       SELECT 1 + n % 500, gen_random_uuid(), '{}', '{}' FROM generate_series(1, 100000) n`,
    );
    await environment.query('ANALYZE record_change');
    const [owner] = await environment.query<{ slug: string }>(
      'SELECT slug FROM source WHERE id = (SELECT source_id FROM record WHERE id = 77)',
    );
    const slug = owner?.slug ?? '';
    for (const read of [
      (records: RecordFinder) => records.get(slug, 77),
      (records: RecordFinder) => records.changes(slug, 77, PAGE),
      (records: RecordFinder) => records.changes(slug, 77, PAGE, 50_000),
      (records: RecordFinder) => records.changes(slug, 177_777, PAGE),
    ]) {
      const cost = await costOf(read);
      expect(cost.scanned).toEqual([]);
      // All changes of the record, of which it keeps a bounded number.
      expect(cost.rows).toBeLessThanOrEqual(200 + 3 * PAGE);
      expect(cost.buffers).toBeLessThanOrEqual(200 + 3 * PAGE);
    }
  });
});
