import fc from 'fast-check';
import { TASK_STATES } from '../../src/platform/history/index.js';
import {
  momentOf,
  type TaskQuery,
  type TextCondition,
  TEXT_FIELDS,
} from '../../src/platform/history/query/task-query.js';

/** A row of `task`, as far as queries look at it. */
export interface QueriedTask {
  id: string;
  name: string;
  queue: string;
  state: string;
  worker: string | null;
  args: unknown;
  attempt: number;
  errorClass: string | null;
  errorCode: string | null;
  errorMessage: string | null;
  rootId: string | null;
  parentId: string | null;
  correlationId: string | null;
  retryOf: string | null;
  enqueuedAt: Date;
  runtimeMs: number | null;
}

/** Few of each, so that queries meet some tasks and not others. */
const WORDS = [
  'a',
  'b',
  'scrape.run',
  'scrape.page',
  'w1',
  'Timed out',
  'timed',
  '50% (a_b)',
  String.raw`back\slash "q"`,
];
const START = Date.UTC(2026, 0, 1);
const DAY = 86_400_000;

const word = fc.constantFrom(...WORDS);
const scalar = fc.oneof(word, fc.constantFrom(1, 2.5, -3, true, false, null));
const args = fc.dictionary(
  fc.constantFrom('source', 'page', 'größe'),
  fc.oneof(
    scalar,
    fc.array(scalar, { maxLength: 2 }),
    fc.dictionary(fc.constantFrom('slug', 'page'), scalar),
  ),
);

const NO_ERROR = { errorClass: null, errorCode: null, errorMessage: null };

export const anyTask: fc.Arbitrary<QueriedTask> = fc
  .record({
    id: fc.uuid(),
    name: word,
    queue: fc.constantFrom('high', 'default', 'low'),
    state: fc.constantFrom(...TASK_STATES),
    worker: fc.option(word),
    args,
    attempt: fc.nat(4),
    error: fc.option(fc.record({ errorClass: word, errorCode: fc.option(word), errorMessage: word })),
    rootId: fc.option(word),
    parentId: fc.option(word),
    correlationId: fc.option(word),
    retryOf: fc.option(word),
    enqueuedAt: fc.nat(5).map((days) => new Date(START + days * DAY)),
    runtimeMs: fc.option(fc.constantFrom(0, 999, 1000, 30_000)),
  })
  // A task has an error or none.
  .map(({ error, ...task }) => ({ ...task, ...(error ?? NO_ERROR) }));

const comparison = fc.constantFrom('=', '<', '<=', '>', '>=');
const pattern = fc
  .array(fc.constantFrom('*', '*', 'scrape', '.', 'run', 'a', '50%', '_', 'Timed', String.raw`\s`, '-'), {
    minLength: 1,
    maxLength: 4,
  })
  .map((parts) => parts.join(''))
  .filter((text) => text.includes('*'));

const anyCondition: fc.Arbitrary<TaskQuery> = fc.oneof(
  fc.record({ field: fc.constant('state' as const), state: fc.constantFrom(...TASK_STATES) }),
  fc.record({
    field: fc.constantFrom(...TEXT_FIELDS),
    match: fc.oneof(
      word.map((text) => ({ text })),
      pattern.map((text) => ({ pattern: text })),
    ),
  }),
  fc.record({
    field: fc.constantFrom('after' as const, 'before' as const),
    time: fc.oneof(
      fc.nat(5).map((days) => ({ atMs: START + days * DAY })),
      fc.nat(5000).map((days) => ({ agoMs: Math.min(days, 3650) * DAY })),
    ),
  }),
  fc.record({
    field: fc.constant('took' as const),
    comparison,
    ms: fc.constantFrom(0, 999, 1000, 5000, 30_000),
  }),
  fc.record({ field: fc.constant('attempts' as const), comparison, count: fc.nat(4) }),
  fc.oneof(
    fc.record({
      field: fc.constant('arg' as const),
      path: fc.constantFrom(['source'], ['page'], ['größe'], ['source', 'slug'], ['page', 'page']),
      value: fc.oneof(word, fc.constantFrom('1', '2.5', 'true', 'null')),
      quoted: fc.constant(true),
    }),
    fc.record({
      field: fc.constant('arg' as const),
      path: fc.constantFrom(['source'], ['page'], ['source', 'slug']),
      value: fc.constantFrom('a', '1', '2.5', '-3', 'true', 'null', '01'),
      quoted: fc.constant(false),
    }),
  ),
);

/** Queries as they can be read: three levels, each way to join them. */
export const anyQuery: fc.Arbitrary<TaskQuery> = fc.letrec<{ query: TaskQuery }>((tie) => ({
  query: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    { weight: 3, arbitrary: anyCondition },
    { weight: 2, arbitrary: fc.array(tie('query'), { minLength: 2, maxLength: 3 }).map((and) => ({ and })) },
    { weight: 2, arbitrary: fc.array(tie('query'), { minLength: 2, maxLength: 3 }).map((or) => ({ or })) },
    { weight: 1, arbitrary: tie('query').map((not) => ({ not })) },
  ),
})).query;

/** Whether a task meets a query: what the SQL of it has to agree with. */
export function meets(query: TaskQuery, task: QueriedTask, nowMs: number): boolean {
  if ('and' in query) return query.and.every((part) => meets(part, task, nowMs));
  if ('or' in query) return query.or.some((part) => meets(part, task, nowMs));
  if ('not' in query) return !meets(query.not, task, nowMs);
  if ('match' in query) return meetsText(query, task);
  if (query.field === 'state') return task.state === query.state;
  if (query.field === 'attempts') return compare(task.attempt, query.comparison, query.count);
  if (query.field === 'took')
    return task.runtimeMs !== null && compare(task.runtimeMs, query.comparison, query.ms);
  if (query.field === 'arg') {
    const found = query.path.reduce<unknown>(
      (value, name) => (isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined),
      task.args,
    );
    const typed = query.quoted || !JSON_VALUES.test(query.value) ? [] : [JSON.parse(query.value) as unknown];
    return [found].flat().some((value) => value === query.value || typed.includes(value));
  }
  const later = task.enqueuedAt.getTime() >= momentOf(query.time, nowMs);
  return query.field === 'after' ? later : !later;
}

function meetsText({ field, match }: TextCondition, task: QueriedTask): boolean {
  if (field === 'error') {
    const contained = regExpOf('pattern' in match ? match.pattern.split('*') : [match.text], 'is');
    const texts = [task.errorClass, task.errorCode, task.errorMessage];
    return texts.some((text) => text !== null && contained.test(text));
  }
  const value = {
    id: task.id,
    name: task.name,
    queue: task.queue,
    worker: task.worker,
    root: task.rootId,
    parent: task.parentId,
    correlation: task.correlationId,
    retry_of: task.retryOf,
  }[field];
  if (value === null) return false;
  if ('text' in match) return value === match.text;
  return new RegExp(`^${regExpOf(match.pattern.split('*'), 's').source}$`, 's').test(value);
}

const JSON_VALUES = /^(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?)$/;
const regExpOf = (parts: string[], flags: string): RegExp =>
  new RegExp(parts.map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)).join('.*'), flags);
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function compare(value: number, sign: string, bound: number): boolean {
  if (sign === '=') return value === bound;
  if (sign.startsWith('<')) return value < bound || (sign === '<=' && value === bound);
  return value > bound || (sign === '>=' && value === bound);
}
