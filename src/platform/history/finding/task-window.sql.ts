import type { Parameters } from '../../../core/database/index.js';
import type { AccessPath } from '../query/access-paths.js';
import { conditionSql } from '../query/query.sql.js';
import type { Condition } from '../query/task-query.js';

/**
 * The rows of `task` that are looked at for a page, in its order and never more than so many, whatever is asked and
 * whatever the table holds.
 *
 * The key of an index is written as a range of one value that is part of the order: as an equation the planner would
 * drop it from the order, and where it believes the value to be frequent read everything by time and filter.
 */
export interface Window {
  readonly sql: string;
  /** Rows at most; when there are as many, others may follow. */
  readonly size: number;
}

export type SortColumn = 'enqueued_at' | 'finished_at';

/** Between which keys: `low` included unless it is `after` in an ascending order, `high` never. */
export interface Range {
  readonly column: SortColumn;
  readonly descending: boolean;
  readonly low: Place;
  readonly high: Place;
  readonly lowIncluded: boolean;
}

/** A time as PostgreSQL reads it, and the id of a task of that time. */
export interface Place {
  readonly time: string;
  readonly id: string;
}

/** All rows in the order of the time itself. */
export function windowByTime(range: Range, size: number, parameters: Parameters): Window {
  const there = range.column === 'finished_at' ? 'finished_at IS NOT NULL AND ' : '';
  return {
    sql: `SELECT * FROM task WHERE ${there}${within(range, parameters)} ORDER BY ${order(range)} LIMIT ${size}`,
    size,
  };
}

/** The rows that one or several paths lead to, each once. The range is one of the time of enqueueing. */
export function windowByPaths(
  paths: readonly AccessPath[],
  range: Range,
  rows: number,
  parameters: Parameters,
): Window {
  const [first] = paths;
  if (paths.length === 1 && first && first.kind !== 'set')
    return { sql: pathSql(first, '*', range, rows, parameters), size: rows };
  // Of several paths each gives up to a whole window.
  const size = Math.max(Math.floor(rows / Math.max(paths.length, 1)), MIN_WINDOW);
  const keys = keysOf(paths, range, size, parameters);
  return {
    sql: `SELECT t.* FROM (SELECT DISTINCT enqueued_at, id FROM (${keys}) p ORDER BY ${order(range)} LIMIT ${size}) k
      CROSS JOIN LATERAL ${ROW_OF_KEY}`,
    size,
  };
}

/** The rows of paths that lead to few, `reached` of the time of enqueueing, in another order than that of the paths. */
export function windowOfAll(
  paths: readonly AccessPath[],
  reached: Range,
  range: Range,
  rows: number,
  parameters: Parameters,
): Window {
  const keys = keysOf(paths, reached, rows, parameters);
  return {
    sql: `SELECT t.* FROM (SELECT DISTINCT id FROM (${keys}) p) k CROSS JOIN LATERAL ${ROW_OF_KEY}
      WHERE ${within(range, parameters, 't.')} ORDER BY ${order(range, 't.')} LIMIT ${rows}`,
    size: rows,
  };
}

/** How many rows a path has within the range, up to `most`. */
export function pathCountSql(path: AccessPath, range: Range, most: number, parameters: Parameters): string {
  const rows =
    path.kind === 'set'
      ? // In any order, for sorting would read all of them.
        `${setSql(path.condition, 'id', range, parameters)} LIMIT ${most}`
      : pathSql(path, 'id', range, most, parameters);
  return `(SELECT count(*)::integer FROM (${rows}) c)`;
}

export const EARLIEST: Place = { time: '-infinity', id: '' };
export const LATEST: Place = { time: 'infinity', id: '' };

const MIN_WINDOW = 1000;
/** A look-up for each key. A join would be the planner's to choose, and it would rather read the table. */
const ROW_OF_KEY = '(SELECT * FROM task WHERE task.id = k.id LIMIT 1) t';

const keysOf = (paths: readonly AccessPath[], range: Range, rows: number, parameters: Parameters): string =>
  paths.length === 0
    ? 'SELECT enqueued_at, id FROM task WHERE false'
    : paths
        .map((path) => `(${pathSql(path, 'enqueued_at, id', range, rows, parameters)})`)
        .join(' UNION ALL ');

function pathSql(
  path: AccessPath,
  columns: string,
  range: Range,
  limit: number,
  parameters: Parameters,
): string {
  const tail = `ORDER BY ${order(range)} LIMIT ${limit}`;
  if (path.kind === 'partial')
    return `SELECT ${columns} FROM task WHERE ${path.where} AND ${within(range, parameters)} ${tail}`;
  if (path.kind === 'set') return `${setSql(path.condition, columns, range, parameters)} ${tail}`;
  const { column, value } = path;
  const keyed = within(range, parameters, '', { column, value: parameters.bind(value) });
  const direction = range.descending ? 'DESC' : 'ASC';
  // What a partial index asks for has to be said in its own words.
  return `SELECT ${columns} FROM task WHERE ${column} IS NOT NULL AND ${keyed}
    ORDER BY ${column} ${direction}, ${order(range)} LIMIT ${limit}`;
}

/** Planned by itself, so that the index is used whatever the limit. */
function setSql(condition: Condition, columns: string, range: Range, parameters: Parameters): string {
  return `SELECT ${columns} FROM (
      WITH found AS MATERIALIZED (SELECT enqueued_at, id FROM task WHERE ${conditionSql(condition, 0, parameters)})
      SELECT * FROM found
    ) s WHERE ${within(range, parameters)}`;
}

function within(
  { column, low, high, lowIncluded }: Range,
  parameters: Parameters,
  table = '',
  key?: { column: string; value: string },
): string {
  const columns = `(${key ? `${key.column}, ` : ''}${table}${column}, ${table}id)`;
  const place = ({ time, id }: Place): string =>
    // A value that the planner does not see cannot mislead it.
    `(${key ? `(SELECT ${key.value}::text), ` : ''}${parameters.bind(time)}::timestamptz, ${parameters.bind(id)}::text)`;
  return `${columns} ${lowIncluded ? '>=' : '>'} ${place(low)} AND ${columns} < ${place(high)}`;
}

function order({ column, descending }: Range, table = ''): string {
  const direction = descending ? 'DESC' : 'ASC';
  return `${table}${column} ${direction}, ${table}id ${direction}`;
}
