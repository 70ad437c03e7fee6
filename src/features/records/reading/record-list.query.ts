import { Parameters } from '../../../core/database/index.js';
import type { Condition } from './condition.js';
import { conditionSql } from './condition.sql.js';

/**
 * How a list of records is read at a bounded cost, whatever is asked and whatever the table holds.
 *
 * 1. One index has the records of the source, or those of a kind of it, in the order of the list: by id, or by the time
 *    of the last change when the list is about changes.
 * 2. Conditions are checked row by row, on at most {@link WINDOW} rows. When these do not fill the page, it ends with a
 *    row that is no record (it has no kind) and only tells where reading stopped.
 * 3. Records can be large. Once those of a page have {@link PAGE_BYTES}, the rest of it comes without data, and is
 *    for the next page.
 *
 * Keys are ranges of one value that are part of the order, as in the lists of quotes; written as rows, because behind
 * a range a condition on the next column alone would be checked, entry by entry, instead of ending the scan. The planner
 * is not told their values: of a source that it believes to be small, because nothing was analysed since it grew, it
 * would rather read and sort all records than trust the index.
 */
export const WINDOW = 2000;
/** Of data as it is stored, which may be compressed. */
const PAGE_BYTES = 2 * 1024 ** 2;

/** Where a list goes on: behind this record. Lists of changes have its time as well. */
export interface RecordPosition {
  lastChanged?: string | undefined;
  id: number;
}

export interface RecordListQuery {
  sourceId: number;
  kind?: string | undefined;
  /** Only what has changed at this time or later, in the order of the changes. */
  since?: string | undefined;
  where: readonly Condition[];
  /** Without `since`; by id. */
  order: 'newest first' | 'oldest first';
  after?: RecordPosition | undefined;
  count: number;
}

/** A row of the statement. Of one that is no record, or has no room on the page, the data is null. */
export interface RecordRow {
  id: string;
  /** Null when the row only tells where reading stopped. */
  kind: string | null;
  key: string;
  /** JSON, as PostgreSQL writes it. */
  data: string | null;
  url: string;
  firstSeen: Date;
  lastSeen: Date;
  lastChanged: Date;
  seenCount: number;
  changeCount: number;
}

const COLUMNS = (data: string): string => `id, kind, key, ${data} AS data, url, first_seen AS "firstSeen",
  last_seen AS "lastSeen", last_changed AS "lastChanged", seen_count AS "seenCount", change_count AS "changeCount"`;
const STOPPED = 'id, NULL, NULL, NULL, NULL, NULL::timestamptz, NULL::timestamptz, last_changed, NULL, NULL';

/** A record by its id and the slug of its source. */
export const SELECT_RECORD = `SELECT ${COLUMNS('data::text')} FROM record r
WHERE id = $1 AND source_id = (SELECT id FROM source WHERE slug = $2)`;

/** The statement for a page of up to `count` rows, and where reading stopped. */
export function recordListStatement(query: RecordListQuery): { sql: string; values: unknown[] } {
  const parameters = new Parameters();
  const list = listOf(query, parameters);
  const count = parameters.bind(query.count);
  const checks = query.where.map((condition) => conditionSql(condition, parameters));
  const rows =
    checks.length === 0
      ? `${list.select} LIMIT ${count}`
      : `SELECT * FROM looked_at w WHERE ${checks.join(' AND ')} ORDER BY ${list.order} LIMIT ${count}`;
  const page = `page AS MATERIALIZED (
      SELECT *, sum(pg_column_size(data)) OVER (ORDER BY ${list.order} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
        AS bytes_before FROM (${rows}) r
    )`;
  const shown = `SELECT ${COLUMNS(`CASE WHEN bytes_before > ${PAGE_BYTES} THEN NULL ELSE data::text END`)}
    FROM page ORDER BY ${list.order}`;
  const sql =
    checks.length === 0
      ? `WITH ${page} ${shown}`
      : `WITH looked_at AS MATERIALIZED (${list.select} LIMIT ${WINDOW}), ${page} (${shown}) UNION ALL (
           SELECT ${STOPPED} FROM looked_at WHERE (SELECT count(*) FROM page) < ${count}
           ORDER BY ${list.order} OFFSET ${WINDOW - 1} LIMIT 1
         )`;
  return { sql, values: parameters.values };
}

/** The rows that the index gives, in its order. */
function listOf(
  { sourceId, kind, since, order, after }: RecordListQuery,
  parameters: Parameters,
): { select: string; order: string } {
  const key = { columns: ['source_id'], values: [unseen(parameters.bind(sourceId), 'integer')] };
  if (kind !== undefined) {
    key.columns.push('kind');
    key.values.push(unseen(parameters.bind(kind), 'text'));
  }
  const ascending = since !== undefined || order === 'oldest first';
  const begin = { columns: [...key.columns], values: [...key.values] };
  if (since !== undefined) {
    begin.columns.push('last_changed');
    begin.values.push(`${parameters.bind(after?.lastChanged ?? since)}::timestamptz`);
  }
  // Ids begin at 1.
  const id = after?.id ?? (ascending ? 0 : Number.MAX_SAFE_INTEGER);
  begin.columns.push('id');
  begin.values.push(`${parameters.bind(id)}::bigint`);
  const [forward, back] = ascending ? ['>', '<='] : ['<', '>='];
  const orderBy = begin.columns.map((column) => `${column} ${ascending ? 'ASC' : 'DESC'}`).join(', ');
  return {
    select: `SELECT * FROM record
      WHERE (${begin.columns.join(', ')}) ${forward} (${begin.values.join(', ')})
        AND (${key.columns.join(', ')}) ${back} (${key.values.join(', ')}) ORDER BY ${orderBy}`,
    order: orderBy,
  };
}

/** A value that the planner does not see. */
const unseen = (placeholder: string, type: string): string => `(SELECT ${placeholder}::${type})`;
