import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { migrate } from '../../scripts/migrate.ts';
import type { BenchmarkContext } from './benchmark.ts';

/** A migrated database of its own, gone with the benchmark. */
export async function createDatabase({ databaseUrl, stack }: BenchmarkContext): Promise<string> {
  const name = `bench_${randomBytes(6).toString('hex')}`;
  await execute(databaseUrl, `CREATE DATABASE ${name}`);
  stack.defer(() => execute(databaseUrl, `DROP DATABASE ${name} WITH (FORCE)`));
  const url = new URL(databaseUrl);
  url.pathname = name;
  await migrate(url.href);
  return url.href;
}

async function execute(url: string, sql: string): Promise<void> {
  const client = await connect(url);
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

export async function connect(url: string): Promise<Client> {
  const client = new Client({ connectionString: url });
  await client.connect();
  return client;
}

/**
 * Fills an empty database with quotes, authors (one for every twenty) and tags (about three a quote, some popular),
 * made by PostgreSQL itself: a million takes less than a minute. Ids begin at 1, the newest quote has the highest.
 */
export async function fill(url: string, quotes: number): Promise<void> {
  const client = await connect(url);
  try {
    await client.query('SET synchronous_commit = off');
    for (const [sql, values] of statements(quotes)) await client.query(sql, values);
    // As after weeks of operation: statistics and the visibility map are up to date.
    await client.query('VACUUM ANALYZE quote, author, tag, quote_tag, source');
  } finally {
    await client.end();
  }
}

const TAGS = 200;
const WORDS = `ARRAY['patience','lighthouse','bridge','orchestra','umbrella','pencil','kettle','needle','swallow','tram',
  'gardener','ledger','promise','staircase','window','salt','margin','baker','tide','kindness']`;

function statements(quotes: number): (readonly [sql: string, values: unknown[]])[] {
  const authors = Math.max(1, Math.floor(quotes / 20));
  return [
    [
      `INSERT INTO source (slug, name, spider, start_urls)
       VALUES ('quotes', 'Quotes', 'quotes', '{http://127.0.0.1:9/}')`,
      [],
    ],
    [`INSERT INTO tag (name) SELECT 'tag-' || n FROM generate_series(1, ${TAGS}) n`, []],
    [
      `INSERT INTO author (slug, name, born_on, born_location, description, details_scraped)
       SELECT 'author-' || n, 'Author ' || n, date '1800-01-01' + n % 70000, 'Nordhavn', repeat('Wrote at night. ', 12), now()
       FROM generate_series(1, $1::int) n`,
      [authors],
    ],
    [
      // Authors are of unequal weight (squares leave few remainders), as on real sites; times are a second apart.
      `INSERT INTO quote (source_id, author_id, text, text_hash, created_at, last_scraped, last_run_id, tags)
       SELECT 1, 1 + (n::bigint * n) % $2::int,
         'The ' || (${WORDS})[1 + n % 20] || ' and the ' || (${WORDS})[1 + (n / 20) % 20] || ' know that number ' || n ||
         ' is worth more than any ' || (${WORDS})[1 + (n * 7) % 20] || ', whatever the others say of it.',
         sha256(n::text::bytea), timestamptz '2020-01-01' + n * interval '1 second', now(), gen_random_uuid(),
         array(SELECT DISTINCT 'tag-' || unnest(ARRAY[1 + n % ${TAGS}, 1 + (n::bigint * n) % ${TAGS}, 1 + n % 7]))
       FROM generate_series(1, $1::int) n`,
      [quotes, authors],
    ],
    [
      `INSERT INTO quote_tag (quote_id, tag_id, position, created_at)
       SELECT q.id, t.id, named.position, q.created_at
       FROM quote q CROSS JOIN unnest(q.tags) WITH ORDINALITY AS named (name, position) JOIN tag t USING (name)`,
      [],
    ],
  ];
}
