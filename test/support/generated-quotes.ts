import type { TestEnvironment } from './environment.js';

/** What {@link generateQuotes} has made, to ask for. */
export const GENERATED = {
  sources: { big: 'big', small: 'small', none: 'none' },
  /** Of a fifth of all quotes; of some; of none. */
  authors: { prolific: 'author-0', usual: 'author-7', silent: 'silent' },
  /** At half of the quotes; only at the oldest; at one in a thousand; at those without the frequent word. */
  tags: { common: 'common', old: 'old', rare: 'rare', disjoint: 'disjoint' },
  /** In nine of ten quotes; in one of ten; in one of 5000; in none. */
  words: { frequent: 'patience', some: 'lighthouse', rare: 'zeppelin', none: 'xyzzy' },
} as const;

/**
 * Fills the tables by a few statements. The data has what makes lists dear: authors and tags of very different size,
 * conditions that never meet, and many quotes of one moment.
 */
export async function generateQuotes(environment: TestEnvironment, count: number): Promise<void> {
  const query = (sql: string, values?: unknown[]) => environment.query(sql, values);
  await query(`INSERT INTO source (slug, name, spider, start_urls)
    SELECT slug, slug, 'quotes', '{http://127.0.0.1/}' FROM unnest('{big,small,none}'::text[]) AS slug`);
  await query(`INSERT INTO author (slug, name) SELECT 'author-' || n, 'Author ' || n FROM generate_series(0, 4999) n
    UNION ALL SELECT 'silent', 'Silent'`);
  await query(`INSERT INTO tag (name) SELECT unnest('{common,old,rare,disjoint}'::text[])
    UNION ALL SELECT 'tag-' || n FROM generate_series(0, 4999) n`);
  await query(
    `INSERT INTO quote (source_id, author_id, text, text_hash, last_run_id, created_at, tags)
     SELECT s.id, a.id, 'Saying ' || n || ' of the river and the stone, '
         || CASE WHEN n % 10 <> 0 THEN 'patience ' ELSE 'haste ' END
         || CASE WHEN n % 10 = 1 THEN 'lighthouse ' ELSE '' END || CASE WHEN n % 5000 = 77 THEN 'zeppelin ' ELSE '' END,
       sha256(n::text::bytea), gen_random_uuid(),
       -- Three hundred at a time share their moment, as those of a batch do.
       timestamptz '2026-01-01' + n / 300 * interval '1 second',
       array_remove(ARRAY[
         'tag-' || n % 5000, CASE WHEN n % 2 = 0 THEN 'common' END, CASE WHEN n <= $1 / 10 THEN 'old' END,
         CASE WHEN n % 1000 = 13 THEN 'rare' END, CASE WHEN n % 10 = 0 THEN 'disjoint' END], NULL)
     FROM generate_series(1, $1::int) n
     JOIN source s ON s.slug = CASE WHEN n % 5000 = 1 THEN 'small' ELSE 'big' END
     JOIN author a ON a.slug = 'author-' || CASE WHEN n % 5 = 0 THEN 0 ELSE n * 7 % 1000 END`,
    [count],
  );
  await query(`INSERT INTO quote_tag (quote_id, tag_id, position, created_at)
    SELECT q.id, t.id, named.position, q.created_at
    FROM quote q CROSS JOIN unnest(q.tags) WITH ORDINALITY AS named (name, position) JOIN tag t USING (name)`);
  // What autovacuum does in its own time: statistics, and the text index's list of pending entries.
  await query('VACUUM ANALYZE');
}
