import type { TestEnvironment } from './environment.js';

/** What {@link generateRecords} has made, to ask for. */
export const RECORDS = {
  sources: { big: 'shop', small: 'corner', none: 'empty' },
  /** Of nine of ten records; of a tenth; of the three oldest; of none. */
  kinds: { frequent: 'book', some: 'author', rare: 'leaflet', none: 'poster' },
  /** When the first and the last of them have changed. */
  times: {
    first: '2026-01-01T00:00:00.000Z',
    middle: '2026-01-01T00:10:00.000Z',
    late: '2027-01-01T00:00:00.000Z',
  },
} as const;

const EXTRACTION = {
  items: [
    {
      kind: 'book',
      key: ['url'],
      selector: 'article',
      fields: { url: {}, title: {}, price: {}, stock: {}, tags: {}, signed: {} },
    },
    { kind: 'author', key: ['name'], selector: 'p', fields: { name: {}, title: {}, price: {} } },
  ],
};

/** Fills the table by a few statements: kinds of very different size, rare fields, and many changes of one moment. */
export async function generateRecords(environment: TestEnvironment, count: number): Promise<void> {
  await environment.query(
    `INSERT INTO source (slug, name, spider, origin, start_urls, extraction)
     SELECT slug, slug, 'declared', 'api', '{http://127.0.0.1/}', $1 FROM unnest('{shop,corner,empty}'::text[]) slug`,
    [EXTRACTION],
  );
  await environment.query(
    `INSERT INTO record (source_id, kind, key_hash, key, data, url, last_run_id, changed_run_id, last_changed)
     SELECT s.id, kind, sha256(n::text::bytea), jsonb_build_array(n)::text,
       jsonb_strip_nulls(jsonb_build_object(
         'url', 'http://127.0.0.1/' || n, 'title', 'Book "' || n || '", =of the river', 'price', n % 5000 / 100.0,
         'stock', n % 3 = 0, 'tags', jsonb_build_array('tag-' || n % 7, 'tag-' || n % 11),
         'signed', CASE WHEN n % 20000 = 7 THEN 'by hand' END)),
       'http://127.0.0.1/' || n, gen_random_uuid(), gen_random_uuid(),
       -- Three hundred at a time share their moment, as those of a batch do; and the order is not that of the ids.
       timestamptz '2026-01-01Z' + (n * 7919::bigint % $1 / 300) * interval '1 second'
     FROM generate_series(1, $1::int) n
     CROSS JOIN LATERAL (SELECT CASE WHEN n <= 3 THEN 'leaflet' WHEN n % 10 = 0 THEN 'author' ELSE 'book' END AS kind) k
     JOIN source s ON s.slug = CASE WHEN n % 50000 = 1 THEN 'corner' ELSE 'shop' END ORDER BY n`,
    [count],
  );
  await environment.query('VACUUM ANALYZE record, source');
}
