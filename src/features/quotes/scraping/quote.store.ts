import type { EntityManager } from 'typeorm';
import type { BatchContext, StoredCounts } from '../../scraping/index.js';
import { quoteHash, type QuoteItem } from './quote-item.js';

interface StoredQuote {
  id: string;
  tags: string[];
  /** Whether the row was as the item before; null when there was none. */
  same: boolean | null;
}

/** Stores quotes with their tags; their authors must have rows. */
export async function storeQuotes(
  manager: EntityManager,
  quotes: readonly QuoteItem[],
  { sourceId, runId }: BatchContext,
): Promise<StoredCounts> {
  if (quotes.length === 0) return { inserted: 0, updated: 0, unchanged: 0 };
  const stored: StoredQuote[] = await manager.query(STORE_QUOTES, [
    sourceId,
    runId,
    quotes.map((quote) => quoteHash(quote.text)),
    quotes.map((quote) => quote.text),
    quotes.map((quote) => quote.authorSlug),
    quotes.map((quote) => JSON.stringify(quote.tags)),
  ]);
  await storeTags(
    manager,
    stored.filter((quote) => quote.same !== true),
  );
  return {
    inserted: stored.filter((quote) => quote.same === null).length,
    updated: stored.filter((quote) => quote.same === false).length,
    unchanged: stored.filter((quote) => quote.same === true).length,
  };
}

/** Answers only the rows that this run had not stored yet: a page that comes a second time changes nothing. */
const STORE_QUOTES = `
WITH input AS (
  SELECT decode(hash, 'hex') AS text_hash, input.text, a.id AS author_id, tags
  FROM unnest($3::text[], $4::text[], $5::text[], $6::jsonb[]) AS input (hash, text, author_slug, tags)
  JOIN author a ON a.slug = author_slug
), before AS (
  SELECT q.text_hash, q.updated_at,
    (q.author_id, q.text) = (i.author_id, i.text) AND i.tags = (
      SELECT coalesce(jsonb_agg(t.name ORDER BY qt.position), '[]')
      FROM quote_tag qt JOIN tag t ON t.id = qt.tag_id WHERE qt.quote_id = q.id
    ) AS same
  FROM input i JOIN quote q ON q.source_id = $1 AND q.text_hash = i.text_hash
), stored AS (
  INSERT INTO quote AS q (source_id, author_id, text, text_hash, last_run_id, updated_at)
  SELECT $1, author_id, text, text_hash, $2, CASE WHEN same THEN b.updated_at ELSE now() END
  FROM input LEFT JOIN before b USING (text_hash) ORDER BY text_hash
  ON CONFLICT (source_id, text_hash) DO UPDATE SET author_id = excluded.author_id, text = excluded.text,
    updated_at = excluded.updated_at, last_scraped = now(), scraped_count = q.scraped_count + 1,
    last_run_id = excluded.last_run_id
  WHERE q.last_run_id <> excluded.last_run_id
  RETURNING id, text_hash
)
SELECT id, tags, same FROM stored JOIN input USING (text_hash) LEFT JOIN before USING (text_hash)`;

/** Gives new and changed quotes exactly these tags, in this order. */
async function storeTags(manager: EntityManager, quotes: readonly StoredQuote[]): Promise<void> {
  if (quotes.length === 0) return;
  const names = [...new Set(quotes.flatMap((quote) => quote.tags))].sort();
  await manager.query(`INSERT INTO tag (name) SELECT unnest($1::text[]) ON CONFLICT (name) DO NOTHING`, [
    names,
  ]);
  await manager.query(`DELETE FROM quote_tag WHERE quote_id = ANY($1::bigint[])`, [
    quotes.map((quote) => quote.id),
  ]);
  await manager.query(
    `INSERT INTO quote_tag (quote_id, tag_id, position)
     SELECT quote_id, t.id, position
     FROM unnest($1::bigint[], $2::text[], $3::smallint[]) AS input (quote_id, name, position) JOIN tag t USING (name)`,
    [
      quotes.flatMap((quote) => quote.tags.map(() => quote.id)),
      quotes.flatMap((quote) => quote.tags),
      quotes.flatMap((quote) => quote.tags.map((_, index) => index + 1)),
    ],
  );
}
