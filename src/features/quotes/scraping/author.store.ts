import type { EntityManager } from 'typeorm';
import type { BatchContext, StoredCounts } from '../../scraping/index.js';
import type { AuthorItem, QuoteItem } from './quote-item.js';

/** Makes sure that the authors of these quotes have rows. A name at a quote never replaces what is known. */
export async function storeAuthorNames(manager: EntityManager, quotes: readonly QuoteItem[]): Promise<void> {
  if (quotes.length === 0) return;
  await manager.query(
    `INSERT INTO author (slug, name)
     SELECT DISTINCT ON (slug) slug, name FROM unnest($1::text[], $2::text[]) AS input (slug, name) ORDER BY slug
     ON CONFLICT (slug) DO NOTHING`,
    [quotes.map((quote) => quote.authorSlug), quotes.map((quote) => quote.authorName)],
  );
}

/**
 * Stores what the authors' own pages say. An author without such a page so far counts as inserted. What a page does not
 * say any more stays as it was: a page that has lost a field is more likely broken than right.
 */
export async function storeAuthors(
  manager: EntityManager,
  authors: readonly AuthorItem[],
  { runId }: BatchContext,
): Promise<StoredCounts> {
  if (authors.length === 0) return { inserted: 0, updated: 0, unchanged: 0 };
  const [counts] = await manager.query<[StoredCounts]>(STORE_AUTHORS, [
    authors.map((author) => author.slug),
    authors.map((author) => author.name),
    authors.map((author) => author.bornOn),
    authors.map((author) => author.bornLocation),
    authors.map((author) => author.description),
    runId,
  ]);
  return counts;
}

const STORE_AUTHORS = `
WITH input AS (
  SELECT * FROM unnest($1::text[], $2::text[], $3::date[], $4::text[], $5::text[])
    AS input (slug, name, born_on, born_location, description)
), before AS (
  SELECT slug, a.updated_at, a.details_scraped IS NULL AS pageless,
    (a.name, a.born_on, a.born_location, a.description) IS NOT DISTINCT FROM (i.name,
      coalesce(i.born_on, a.born_on), coalesce(i.born_location, a.born_location),
      coalesce(i.description, a.description)) AS same
  FROM input i JOIN author a USING (slug)
), stored AS (
  INSERT INTO author AS a (slug, name, born_on, born_location, description, details_scraped, last_run_id, updated_at)
  SELECT slug, i.name, i.born_on, i.born_location, i.description, now(), $6,
    CASE WHEN b.same THEN b.updated_at ELSE now() END
  FROM input i LEFT JOIN before b USING (slug) ORDER BY slug
  ON CONFLICT (slug) DO UPDATE SET name = excluded.name, born_on = coalesce(excluded.born_on, a.born_on),
    born_location = coalesce(excluded.born_location, a.born_location),
    description = coalesce(excluded.description, a.description),
    details_scraped = excluded.details_scraped, last_run_id = excluded.last_run_id, updated_at = excluded.updated_at
  WHERE a.last_run_id IS DISTINCT FROM excluded.last_run_id
  RETURNING slug
)
SELECT
  count(*) FILTER (WHERE coalesce(pageless, true))::int AS inserted,
  count(*) FILTER (WHERE NOT pageless AND NOT same)::int AS updated,
  count(*) FILTER (WHERE NOT pageless AND same)::int AS unchanged
FROM stored LEFT JOIN before USING (slug)`;
