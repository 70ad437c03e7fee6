import type { EntityManager } from 'typeorm';
import type { BatchContext, StoredCounts } from '../../scraping/index.js';
import type { RecordRow } from './record-row.js';

/** Rows and characters of data of one statement: bounded, so that neither its arguments nor its locks grow with the batch. */
const MAX_ROWS = 1000;
const MAX_DATA = 4 * 1024 ** 2;
/** Changes that are kept of a record with a history: the newest. */
const MAX_CHANGES = 1000;

/**
 * Stores records; no two rows may have the same hash, and they must be sorted by it. What becomes of one:
 *
 * 1. New ones are inserted; those that are there are only locked. Both by one statement in the order of the hashes, so
 *    that two workers can only wait for each other in one direction.
 * 2. What is there is now nobody else's. What this run has not counted yet is counted, as seen or as changed, and a
 *    field that the row has no value for stays what it is. A row that says nothing new of a record which the run has
 *    already counted changes nothing; one that does (a detail page, after the list) changes the record but is not
 *    counted again.
 */
export async function storeRecords(
  manager: EntityManager,
  rows: readonly RecordRow[],
  context: BatchContext,
): Promise<StoredCounts> {
  const counts = { inserted: 0, updated: 0, unchanged: 0 };
  for (const part of partsOf(rows)) {
    const inserted = await insertNew(manager, part, context);
    const known = part.filter(({ hash }) => !inserted.has(hash));
    const { updated, unchanged } = await merge(manager, known, context);
    counts.inserted += inserted.size;
    counts.updated += updated;
    counts.unchanged += unchanged;
  }
  return counts;
}

function* partsOf(rows: readonly RecordRow[]): Generator<RecordRow[]> {
  let part: RecordRow[] = [];
  let size = 0;
  for (const row of rows) {
    if (part.length === MAX_ROWS || (part.length > 0 && size + row.data.length > MAX_DATA)) {
      yield part;
      part = [];
      size = 0;
    }
    part.push(row);
    size += row.data.length;
  }
  if (part.length > 0) yield part;
}

/** @returns the hashes of the records that were not there. */
async function insertNew(
  manager: EntityManager,
  rows: readonly RecordRow[],
  { sourceId, runId }: BatchContext,
): Promise<Set<string>> {
  const inserted: { hash: string }[] = await manager.query(INSERT_NEW, [
    sourceId,
    runId,
    rows.map((row) => row.hash),
    rows.map((row) => row.kind),
    rows.map((row) => row.key),
    rows.map((row) => row.data),
    rows.map((row) => row.url),
  ]);
  return new Set(inserted.map(({ hash }) => hash));
}

/** A row that is there is given its own id, so that scraping it again uses up no number. */
const INSERT_NEW = `
WITH input AS MATERIALIZED (
  SELECT decode(hash, 'hex') AS key_hash, kind, key, data::jsonb AS data, url
  FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[]) AS input (hash, kind, key, data, url)
)
INSERT INTO record AS r (id, source_id, kind, key_hash, key, data, url, last_run_id, changed_run_id)
OVERRIDING SYSTEM VALUE
SELECT coalesce(b.id, nextval('record_id_seq')), $1, i.kind, i.key_hash, i.key, i.data, i.url, $2, $2
FROM input i LEFT JOIN record b ON b.source_id = $1 AND b.key_hash = i.key_hash
ORDER BY i.key_hash
ON CONFLICT (source_id, key_hash) DO UPDATE SET kind = r.kind WHERE false
RETURNING encode(key_hash, 'hex') AS hash`;

async function merge(
  manager: EntityManager,
  rows: readonly RecordRow[],
  { sourceId, runId }: BatchContext,
): Promise<Omit<StoredCounts, 'inserted'>> {
  if (rows.length === 0) return { updated: 0, unchanged: 0 };
  const [counts] = await manager.query<[Omit<StoredCounts, 'inserted'>]>(MERGE, [
    sourceId,
    runId,
    rows.map((row) => row.hash),
    rows.map((row) => row.data),
    rows.map((row) => row.url),
    rows.map((row) => row.history),
  ]);
  return counts;
}

/** The fields of `data` that are not the same in `other`. */
const differing = (data: string, other: string): string =>
  `(SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(${data})
    WHERE value IS DISTINCT FROM ${other} -> key)`;

/** Data that has not changed is written as it stands, so that what is large of it stays where it is. */
const MERGE = `
WITH input AS MATERIALIZED (
  SELECT decode(hash, 'hex') AS key_hash, data::jsonb AS data, url, history
  FROM unnest($3::text[], $4::text[], $5::text[], $6::boolean[]) AS input (hash, data, url, history)
), found AS MATERIALIZED (
  SELECT r.id, r.data, m.merged, m.merged <> r.data AS changed, i.url, i.history,
    r.last_run_id <> $2 AS counts, r.changed_run_id <> $2 AS first_change
  FROM input i JOIN record r ON r.source_id = $1 AND r.key_hash = i.key_hash
  CROSS JOIN LATERAL (SELECT r.data || i.data AS merged OFFSET 0) m
), stored AS (
  UPDATE record r SET
    data = CASE WHEN f.changed THEN f.merged ELSE r.data END,
    last_changed = CASE WHEN f.changed THEN now() ELSE r.last_changed END,
    changed_run_id = CASE WHEN f.changed THEN $2 ELSE r.changed_run_id END,
    change_count = r.change_count + (f.changed AND f.first_change)::int,
    seen_count = r.seen_count + f.counts::int, last_seen = now(), last_run_id = $2, url = f.url
  FROM found f WHERE r.id = f.id AND (f.counts OR f.changed)
  RETURNING r.id, r.change_count, f.counts, f.changed, f.history AND f.changed AS noted, f.data AS before, f.merged AS after
), noted AS (
  INSERT INTO record_change AS c (record_id, run_id, before, after)
  SELECT id, $2, ${differing('s.before', 's.after')}, ${differing('s.after', 's.before')}
  FROM stored s WHERE noted AND change_count > 0
  ON CONFLICT (record_id, run_id) DO UPDATE SET before = excluded.before || c.before, after = c.after || excluded.after
), forgotten AS (
  DELETE FROM record_change c USING stored s
  WHERE s.noted AND s.change_count > ${MAX_CHANGES} AND c.record_id = s.id AND c.id <= (
    SELECT id FROM record_change WHERE record_id = s.id ORDER BY id DESC OFFSET ${MAX_CHANGES - 1} LIMIT 1
  )
)
SELECT count(*) FILTER (WHERE counts AND changed)::int AS updated,
  count(*) FILTER (WHERE counts AND NOT changed)::int AS unchanged
FROM stored`;
