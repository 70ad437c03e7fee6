import type { EntityManager } from 'typeorm';
import type { BatchContext, StoredCounts } from '../../scraping/index.js';
import type { QuoteItem } from './quote-item.js';

/** Values of one statement: bounded, so that neither its arguments nor the locks that it holds grow with the batch. */
const MAX_ROWS = 1000;

interface StoredQuote {
  id: string;
  outcome: 'inserted' | 'updated' | 'unchanged';
}

/**
 * Stores quotes with their tags; their authors must have rows.
 * @param quotes by their hashes (`quoteHash`).
 */
export async function storeQuotes(
  manager: EntityManager,
  quotes: ReadonlyMap<string, QuoteItem>,
  context: BatchContext,
): Promise<StoredCounts> {
  const counts = { inserted: 0, updated: 0, unchanged: 0 };
  // Sorted before it is cut: rows are locked in the order of their keys through all the statements of a batch.
  const rows = [...quotes]
    .map(([hash, quote]) => ({ ...quote, tags: [...new Set(quote.tags)], hash }))
    .sort((a, b) => (a.hash < b.hash ? -1 : 1));
  if (rows.length > 0) await storeTags(manager, rows);
  for (let start = 0; start < rows.length; start += MAX_ROWS) {
    const stored = await storeRows(manager, rows.slice(start, start + MAX_ROWS), context);
    for (const { outcome } of stored) counts[outcome]++;
  }
  return counts;
}

/** New names only: an insert that finds its row there has still used up a number of the key, and those are finite. */
async function storeTags(manager: EntityManager, quotes: readonly QuoteItem[]): Promise<void> {
  const names = [...new Set(quotes.flatMap((quote) => quote.tags))].sort();
  await manager.query(
    `INSERT INTO tag (name) SELECT name FROM unnest($1::text[]) AS input (name)
     WHERE NOT EXISTS (SELECT FROM tag t WHERE t.name = input.name) ORDER BY name ON CONFLICT (name) DO NOTHING`,
    [names],
  );
}

async function storeRows(
  manager: EntityManager,
  rows: readonly (QuoteItem & { hash: string })[],
  { sourceId, runId }: BatchContext,
): Promise<StoredQuote[]> {
  const stored: StoredQuote[] = await manager.query(STORE_QUOTES, [
    sourceId,
    runId,
    rows.map((row) => row.hash),
    rows.map((row) => row.text),
    rows.map((row) => row.authorSlug),
    rows.map((row) => arrayLiteral(row.tags)),
  ]);
  const updated = stored.filter((row) => row.outcome === 'updated').map((row) => row.id);
  if (updated.length > 0) await replaceTags(manager, updated);
  return stored;
}

/** A quote that has lost all its tags is more likely on a broken page than untagged: it keeps them. */
const MERGED_TAGS = `CASE WHEN excluded.tags = '{}' THEN q.tags ELSE excluded.tags END`;

/**
 * Answers only the rows that this run had not stored yet: a page that comes a second time changes nothing.
 *
 * A row that is there keeps its id, given explicitly, so that scraping it again uses up no number: ids without gaps
 * are what makes `random` fair. What has changed is decided against the row as it is when it is locked, not as it
 * was when the statement began. The tags of new quotes are written by the same statement.
 */
const STORE_QUOTES = `
WITH input AS MATERIALIZED (
  SELECT decode(hash, 'hex') AS text_hash, text, author_slug, tags::text[] AS tags
  FROM unnest($3::text[], $4::text[], $5::text[], $6::text[]) AS input (hash, text, author_slug, tags)
), stored AS (
  INSERT INTO quote AS q (id, source_id, author_id, text, text_hash, tags, last_run_id)
  OVERRIDING SYSTEM VALUE
  SELECT coalesce(b.id, nextval('quote_id_seq')), $1, a.id, i.text, i.text_hash, i.tags, $2
  FROM input i JOIN author a ON a.slug = i.author_slug
  LEFT JOIN quote b ON b.source_id = $1 AND b.text_hash = i.text_hash
  ORDER BY i.text_hash
  ON CONFLICT (source_id, text_hash) DO UPDATE SET author_id = excluded.author_id, text = excluded.text,
    tags = ${MERGED_TAGS}, last_scraped = now(), scraped_count = q.scraped_count + 1,
    last_run_id = excluded.last_run_id,
    updated_at = CASE WHEN (q.author_id, q.text, q.tags) = (excluded.author_id, excluded.text, ${MERGED_TAGS})
      THEN q.updated_at ELSE now() END
  WHERE q.last_run_id <> excluded.last_run_id
  RETURNING id, created_at, tags, CASE
    WHEN xmax = 0 THEN 'inserted' WHEN updated_at = now()::timestamptz(3) THEN 'updated' ELSE 'unchanged'
  END AS outcome
), tagged AS (
  INSERT INTO quote_tag (quote_id, tag_id, position, created_at)
  SELECT s.id, t.id, named.position, s.created_at
  FROM stored s CROSS JOIN unnest(s.tags) WITH ORDINALITY AS named (name, position) JOIN tag t USING (name)
  WHERE s.outcome = 'inserted'
)
SELECT id, outcome FROM stored`;

/** Brings quote_tag to what stands at the quotes. */
async function replaceTags(manager: EntityManager, ids: readonly string[]): Promise<void> {
  await manager.query('DELETE FROM quote_tag WHERE quote_id = ANY($1::bigint[])', [ids]);
  await manager.query(
    `INSERT INTO quote_tag (quote_id, tag_id, position, created_at)
     SELECT q.id, t.id, named.position, q.created_at
     FROM quote q CROSS JOIN unnest(q.tags) WITH ORDINALITY AS named (name, position) JOIN tag t USING (name)
     WHERE q.id = ANY($1::bigint[])`,
    [ids],
  );
}

/** PostgreSQL's way of writing an array of texts. */
function arrayLiteral(values: readonly string[]): string {
  return `{${values.map((value) => `"${value.replace(/["\\]/g, '\\$&')}"`).join(',')}}`;
}
