import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Parameters } from '../../../core/database/index.js';
import {
  type Access,
  accessOf,
  type AccessPath,
  candidatesOf,
  type KnownValues,
  patternColumns,
} from '../query/access-paths.js';
import { querySql } from '../query/query.sql.js';
import { momentOf, type TaskQuery } from '../query/task-query.js';
import { selectList, type TaskColumn } from './task-columns.js';
import {
  EARLIEST,
  LATEST,
  pathCountSql,
  type Place,
  type Range,
  type SortColumn,
  type Window,
  windowByPaths,
  windowByTime,
  windowOfAll,
} from './task-window.sql.js';

/** Rows that are looked at for a page. */
export const WINDOW = 5000;
/** Rows of a path that are counted; up to as many are read as a whole, in whatever order. */
export const FEW = 2000;
/** Tasks that are counted at most; as many rows are looked at for it. */
export const MOST_COUNTED = 100_000;
/** Different names, or workers, among which a pattern is looked for. */
const MAX_VALUES = 500;
/** Paths whose rows are counted to choose among them. */
const MAX_CANDIDATES = 60;

export interface TaskSort {
  readonly column: SortColumn;
  readonly descending: boolean;
}

const NEWEST_FIRST: TaskSort = { column: 'enqueued_at', descending: true };

/** A list that can be read page by page: how, has been decided. Times before now are reckoned from one moment. */
export interface TaskList {
  readonly query: TaskQuery | undefined;
  readonly sort: TaskSort;
  readonly nowMs: number;
  readonly access: Access | undefined;
}

export type TaskRow = Partial<Record<TaskColumn, unknown>>;

export interface FoundTasks {
  readonly rows: TaskRow[];
  /** Where to go on; `undefined` at the end. */
  readonly next: Place | undefined;
}

/**
 * Finds tasks in PostgreSQL, at a bounded cost for each page (see task-window.sql.ts). What no index helps with is
 * checked row by row, on a window of them: a page may be short although others follow.
 */
@Injectable()
export class TaskFinder {
  constructor(private readonly dataSource: DataSource) {}

  async plan(query: TaskQuery | undefined, sort: TaskSort = NEWEST_FIRST): Promise<TaskList> {
    const nowMs = Date.now();
    return { query, sort, nowMs, access: query && (await this.choose(query, nowMs)) };
  }

  /** Up to `count` tasks behind a place; fewer, when the window has no more of them. */
  async read(
    list: TaskList,
    columns: readonly TaskColumn[],
    count: number,
    after?: Place,
  ): Promise<FoundTasks> {
    const parameters = new Parameters();
    const { sql: rows, size } = windowOf(list, WINDOW, parameters, after);
    const met = list.query ? querySql(list.query, list.nowMs, parameters) : 'true';
    // The rows come in the order of the window: nothing here changes it, and sorting would read all of them.
    const found: (TaskRow & { met: boolean; n: string; time: Date; key: string })[] =
      await this.dataSource.query(
        `SELECT ${selectList(columns)}, met, n, ${list.sort.column} AS time, id AS key FROM (
           SELECT w.*, ${met} AS met, row_number() OVER () AS n FROM (${rows}) w
         ) x WHERE met OR n = ${size} LIMIT ${parameters.bind(count + 1)}`,
        parameters.values,
      );
    const shown = found.filter((row) => row.met).slice(0, count);
    const more = found.filter((row) => row.met).length > count;
    const last = more ? shown.at(-1) : found.find(({ n }) => Number(n) === size);
    return {
      rows: shown.map(({ met: _, n: __, time: ___, key: ____, ...row }) => row),
      next: last && { time: last.time.toISOString(), id: last.key },
    };
  }

  /** How many tasks meet a query; `atLeast`: there may be more, for not all were looked at. */
  async count(query: TaskQuery | undefined): Promise<{ count: number; atLeast: boolean }> {
    const list = await this.plan(query);
    const parameters = new Parameters();
    const window = windowOf(list, MOST_COUNTED + 1, parameters);
    const met = query ? querySql(query, list.nowMs, parameters) : 'true';
    const [row]: { met: number; seen: number }[] = await this.dataSource.query(
      `SELECT count(*) FILTER (WHERE ${met})::integer AS met, count(*)::integer AS seen FROM (${window.sql}) w`,
      parameters.values,
    );
    const { met: count = 0, seen = 0 } = row ?? {};
    return {
      count: Math.min(count, MOST_COUNTED),
      atLeast: count > MOST_COUNTED || seen === window.size,
    };
  }

  private async choose(query: TaskQuery, nowMs: number): Promise<Access | undefined> {
    const known = await this.knownValues(query);
    const candidates = candidatesOf(query, known);
    if (candidates.length === 0) return accessOf(query, known, () => 0);
    if (candidates.length > MAX_CANDIDATES) return undefined;
    const parameters = new Parameters();
    const range = rangeOf(NEWEST_FIRST, timesOf(query, nowMs));
    const counts = candidates.map((path, n) => `${pathCountSql(path, range, FEW + 1, parameters)} AS c${n}`);
    const [row]: Record<string, number>[] = await this.dataSource.query(
      `SELECT ${counts.join(', ')}`,
      parameters.values,
    );
    const rows = new Map(candidates.map((path, n) => [JSON.stringify(path), row?.[`c${n}`] ?? 0]));
    return accessOf(query, known, (path) => usableRows(path, rows.get(JSON.stringify(path)) ?? 0));
  }

  private async knownValues(query: TaskQuery): Promise<KnownValues> {
    const wanted = patternColumns(query);
    return {
      name: wanted.has('name') ? await this.valuesOf('name') : undefined,
      worker: wanted.has('worker') ? await this.valuesOf('worker') : undefined,
    };
  }

  /** All different values of a column: one step in its index for each, however many rows have it. */
  private async valuesOf(column: 'name' | 'worker'): Promise<string[] | undefined> {
    const next = (from: string): string =>
      `(SELECT ${column} FROM task WHERE ${column} IS NOT NULL ${from} ORDER BY ${column} LIMIT 1)`;
    const rows: { value: string }[] = await this.dataSource.query(
      `WITH RECURSIVE v (value) AS (
         SELECT ${next('')} UNION ALL SELECT ${next(`AND ${column} > v.value`)} FROM v WHERE v.value IS NOT NULL
       ) SELECT value FROM v WHERE value IS NOT NULL LIMIT ${MAX_VALUES + 1}`,
    );
    return rows.length > MAX_VALUES ? undefined : rows.map(({ value }) => value);
  }
}

/** Of a set in no order only few can be read; a key's rows come in order, however many they are. */
const usableRows = (path: AccessPath, rows: number): number =>
  path.kind === 'set' && rows > FEW ? Infinity : rows;

function windowOf(list: TaskList, rows: number, parameters: Parameters, after?: Place): Window {
  const { query, sort, nowMs, access } = list;
  const range = rangeOf(sort, sort.column === 'enqueued_at' ? timesOf(query, nowMs) : EVER, after);
  if (!access) return windowByTime(range, rows, parameters);
  if (sort.column === 'enqueued_at') return windowByPaths(access.paths, range, rows, parameters);
  const reached = rangeOf(NEWEST_FIRST, timesOf(query, nowMs));
  return access.rows <= FEW
    ? windowOfAll(access.paths, reached, range, rows, parameters)
    : windowByTime(range, rows, parameters);
}

function rangeOf(sort: TaskSort, { low, high }: Times, after?: Place): Range {
  if (!after) return { ...sort, low, high, lowIncluded: true };
  return sort.descending
    ? { ...sort, low, high: after, lowIncluded: true }
    : { ...sort, low: after, high, lowIncluded: false };
}

type Times = Pick<Range, 'low' | 'high'>;

const EVER: Times = { low: EARLIEST, high: LATEST };

/** Between which times every task is that meets the query. */
function timesOf(query: TaskQuery | undefined, nowMs: number): Times {
  const { fromMs, toMs } = query ? boundsOf(query, nowMs) : {};
  const placeOf = (ms: number): Place => ({ time: new Date(ms).toISOString(), id: '' });
  return {
    low: fromMs === undefined ? EARLIEST : placeOf(fromMs),
    high: toMs === undefined ? LATEST : placeOf(toMs),
  };
}

function boundsOf(query: TaskQuery, nowMs: number): { fromMs?: number; toMs?: number } {
  if ('and' in query) {
    const parts = query.and.map((part) => boundsOf(part, nowMs));
    const from = parts.flatMap(({ fromMs }) => fromMs ?? []);
    const to = parts.flatMap(({ toMs }) => toMs ?? []);
    return {
      ...(from.length > 0 && { fromMs: Math.max(...from) }),
      ...(to.length > 0 && { toMs: Math.min(...to) }),
    };
  }
  if ('or' in query || 'not' in query) return {};
  if (query.field === 'after') return { fromMs: momentOf(query.time, nowMs) };
  return query.field === 'before' ? { toMs: momentOf(query.time, nowMs) } : {};
}
