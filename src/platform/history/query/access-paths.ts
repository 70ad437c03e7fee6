import { TASK_STATES, type TaskState } from '../entities/task.entity.js';
import { type Condition, type TaskQuery, type TextCondition } from './task-query.js';

/** A way to find tasks by an index. */
export type AccessPath =
  /** All with this value, in the order of the time at which they were enqueued: (column, enqueued_at, id). */
  | { readonly kind: 'key'; readonly column: KeyColumn; readonly value: string }
  /** All that meet this condition, in the same order: indexes on some rows only. */
  | { readonly kind: 'partial'; readonly where: (typeof PARTIAL)[keyof typeof PARTIAL] }
  /** All that meet this, in no order: all have to be read before the first is known. */
  | { readonly kind: 'set'; readonly condition: Condition };

type KeyColumn = 'state' | 'name' | 'worker';

/** Conditions of partial indexes, as the migration writes them. */
const PARTIAL = { failing: 'error_class IS NOT NULL', slow: 'runtime_ms >= 1000' } as const;
const SLOW_MS = 1000;

/** More than these are not read side by side. */
const MAX_PATHS = 30;

/** Values that a column has; `undefined` when they are too many to look at. */
export interface KnownValues {
  readonly name: readonly string[] | undefined;
  readonly worker: readonly string[] | undefined;
}

/** Paths that together lead to every task which meets a query, and how many rows they have at most. */
export interface Access {
  readonly paths: readonly AccessPath[];
  readonly rows: number;
}

/**
 * Chooses what to read for a query: of conditions that all have to be met the one with the fewest rows, of
 * alternatives all of them. What is found that way is checked against the whole query.
 * @param rowsOf how many rows a path has; Infinity when it is of no use.
 * @returns `undefined` when no index helps.
 */
export function accessOf(
  query: TaskQuery,
  known: KnownValues,
  rowsOf: (path: AccessPath) => number,
): Access | undefined {
  return choose(query, false, known, rowsOf);
}

/** Every path that {@link accessOf} can choose from, to look up how many rows each has. */
export function candidatesOf(query: TaskQuery, known: KnownValues): AccessPath[] {
  const seen = new Map<string, AccessPath>();
  accessOf(query, known, (path) => {
    seen.set(JSON.stringify(path), path);
    return 0;
  });
  return [...seen.values()];
}

function choose(
  query: TaskQuery,
  negated: boolean,
  known: KnownValues,
  rowsOf: (path: AccessPath) => number,
): Access | undefined {
  if ('not' in query) return choose(query.not, !negated, known, rowsOf);
  if ('and' in query || 'or' in query) {
    const parts = 'and' in query ? query.and : query.or;
    const found = parts.map((part) => choose(part, negated, known, rowsOf));
    return 'and' in query === negated ? allOf(found) : leastOf(found);
  }
  const paths = pathsOf(query, negated, known);
  return paths && usable({ paths, rows: paths.reduce((sum, path) => sum + rowsOf(path), 0) });
}

function leastOf(found: readonly (Access | undefined)[]): Access | undefined {
  const usables = found.filter((access) => access !== undefined);
  return usables.reduce<Access | undefined>(
    (least, access) => (least && least.rows <= access.rows ? least : access),
    undefined,
  );
}

function allOf(found: readonly (Access | undefined)[]): Access | undefined {
  if (!found.every((access) => access !== undefined)) return undefined;
  return usable({
    paths: found.flatMap(({ paths }) => paths),
    rows: found.reduce((sum, { rows }) => sum + rows, 0),
  });
}

const usable = (access: Access): Access | undefined =>
  access.paths.length <= MAX_PATHS && access.rows < Infinity ? access : undefined;

/** The paths to what meets a condition, or with `negated` to what does not. */
function pathsOf(
  condition: Condition,
  negated: boolean,
  known: KnownValues,
): readonly AccessPath[] | undefined {
  if (condition.field === 'state')
    return statesOf(condition.state, negated).map((state) => key('state', state));
  if (negated) return undefined;
  if ('match' in condition) return pathsOfText(condition, known);
  if (condition.field === 'arg') return [{ kind: 'set', condition }];
  const slow = condition.field === 'took' && !condition.comparison.startsWith('<') && condition.ms >= SLOW_MS;
  return slow ? [{ kind: 'partial', where: PARTIAL.slow }] : undefined;
}

function pathsOfText(condition: TextCondition, known: KnownValues): readonly AccessPath[] | undefined {
  const { field, match } = condition;
  if (field === 'error') return [{ kind: 'partial', where: PARTIAL.failing }];
  if (field === 'queue') return undefined;
  if (field !== 'name' && field !== 'worker')
    return 'text' in match ? [{ kind: 'set', condition }] : undefined;
  if ('text' in match) return [key(field, match.text)];
  return known[field]?.filter(matching(match.pattern)).map((value) => key(field, value));
}

const key = (column: KeyColumn, value: string): AccessPath => ({ kind: 'key', column, value });

const statesOf = (state: TaskState, negated: boolean): readonly TaskState[] =>
  negated ? TASK_STATES.filter((other) => other !== state) : [state];

/** Whether a text matches a pattern, without regular expressions, which some patterns would make slow. */
function matching(pattern: string): (text: string) => boolean {
  const [first = '', ...rest] = pattern.split('*');
  const last = rest.pop() ?? '';
  return (text) => {
    if (!text.startsWith(first) || text.length < first.length + last.length || !text.endsWith(last))
      return false;
    let at = first.length;
    const end = text.length - last.length;
    for (const part of rest) {
      const found = text.indexOf(part, at);
      if (found === -1 || found + part.length > end) return false;
      at = found + part.length;
    }
    return true;
  };
}

/** Columns whose values have to be known before paths are chosen: there are patterns of them. */
export function patternColumns(query: TaskQuery): Set<keyof KnownValues> {
  if ('not' in query) return patternColumns(query.not);
  if ('and' in query || 'or' in query) {
    const parts = 'and' in query ? query.and : query.or;
    return new Set(parts.flatMap((part) => [...patternColumns(part)]));
  }
  const { field } = query;
  const isPattern = (field === 'name' || field === 'worker') && 'pattern' in query.match;
  return new Set(isPattern ? [field] : []);
}
