import { z } from 'zod';
import { keyTime, pageQuery, pageSchema } from '../../../core/http/index.js';
import {
  type TaskDetail,
  TASK_STATES,
  ALL_COLUMNS,
  type TaskColumn,
  USUAL_COLUMNS,
  type TaskRow,
  type TaskSort,
} from '../../../platform/history/index.js';

const time = z.iso.datetime();
const anyJson = z.unknown();

const taskFields = {
  id: z.string(),
  name: z.string(),
  queue: z.string(),
  state: z.enum(TASK_STATES),
  attempt: z.int().describe('The latest one; 0 before the first'),
  maxAttempts: z.int(),
  starts: z.int().describe('How often a worker has begun it'),
  critical: z.boolean(),
  worker: z.string().nullable().describe('The latest one that had it'),
  args: anyJson.describe('The payload, without secrets and cut'),
  result: anyJson,
  progress: anyJson.describe('done, total, message'),
  errorClass: z.string().nullable().describe('Of the latest attempt that failed; null once it has succeeded'),
  errorCode: z.string().nullable(),
  errorMessage: z.string().nullable(),
  correlationId: z.string().nullable(),
  requestId: z.string().nullable(),
  parentId: z.string().nullable().describe('The task that has enqueued it'),
  rootId: z.string().nullable().describe('The first task of its chain'),
  retryOf: z.string().nullable().describe('The task that it repeats'),
  enqueuedAt: time,
  eta: time.nullable().describe('Not begun before'),
  expiresAt: time.nullable().describe('Not begun after'),
  startedAt: time.nullable().describe('Of the latest attempt'),
  finishedAt: time.nullable(),
  runtimeMs: z.int().nullable().describe('Of the latest attempt that ended'),
} satisfies Record<TaskColumn, z.ZodType>;

const taskSchema = z.object(taskFields).meta({ id: 'Task' });

export type TaskDto = z.output<typeof taskSchema>;

/** As many of the fields as were asked for. */
export type TaskItem = Partial<TaskDto>;

export const taskPageSchema = pageSchema(z.object(taskFields).partial().meta({ id: 'TaskItem' }));

export const taskId = z.string().regex(/^[\w-]{1,128}$/, 'expected the id of a task');

/** Text of the query language; what is wrong with it is told by QuerySyntaxError, with its position. */
const query = z
  .string('expected one query')
  .default('')
  .describe(
    'E.g. `state:failed name:scrape.* error:"timed out" after:-1h took:>30s arg.source:quotes`, with AND, OR, NOT and parentheses',
  );

const SORTS = ['-enqueuedAt', 'enqueuedAt', '-finishedAt', 'finishedAt'] as const;

const sort = z
  .enum(SORTS, `expected one of ${SORTS.join(', ')}: there is no index in the order of anything else`)
  .default('-enqueuedAt')
  .describe('By finishedAt only tasks that have ended are listed');

const columns = z
  .string()
  .max(1000)
  .transform((given, context): TaskColumn[] => {
    const names = given.split(',');
    const unknown = names.find((name) => !(ALL_COLUMNS as string[]).includes(name));
    if (unknown === undefined) return [...new Set(names as TaskColumn[])];
    context.issues.push({
      code: 'custom',
      message: `expected some of ${ALL_COLUMNS.join(',')}`,
      input: unknown,
    });
    return z.NEVER;
  })
  .optional()
  .describe(`Fields to show, with commas; unless given ${USUAL_COLUMNS.join(',')}`);

export const listTasksQuery = z.strictObject({
  query,
  sort,
  columns,
  ...pageQuery(z.tuple([keyTime, taskId])),
});

export const countTasksQuery = z.strictObject({ query });

export const taskCountSchema = z
  .object({
    count: z.int(),
    atLeast: z.boolean().describe('There may be more: only so many tasks are looked at'),
  })
  .meta({ id: 'TaskCount' });

export const EXPORT_FORMATS = ['ndjson', 'csv'] as const;

export const exportTasksQuery = z.strictObject({
  query,
  columns,
  format: z.enum(EXPORT_FORMATS, `expected one of ${EXPORT_FORMATS.join(', ')}`).default('ndjson'),
});

const seconds = 'expected whole seconds from 1 to 604800';

export const longRunningQuery = z.strictObject({
  over: z.coerce.number(seconds).int(seconds).min(1, seconds).max(604_800, seconds).describe('Seconds'),
});

export const longRunningSchema = z.object({ items: z.array(taskSchema) });

const attemptSchema = z.object({
  start: z.int().describe('How often the task had been begun, this time included'),
  attempt: z.int(),
  worker: z.string(),
  outcome: z
    .string()
    .nullable()
    .describe('succeeded, retry, failed, revoked, returned or lost; null while it runs'),
  startedAt: time,
  finishedAt: time.nullable(),
  runtimeMs: z.int().nullable(),
  retryAt: time.nullable(),
  errorClass: z.string().nullable(),
  errorCode: z.string().nullable(),
  errorMessage: z.string().nullable(),
  trace: z.string().nullable(),
});

const logSchema = z.object({ start: z.int(), at: time, message: z.string(), fields: anyJson });

const momentSchema = z.object({
  at: time,
  what: z.string().describe('enqueued, due, started, finished, or how an attempt ended'),
  start: z.int().nullable(),
  worker: z.string().nullable(),
});

const childSchema = z.object({
  id: z.string(),
  name: z.string(),
  state: z.enum(TASK_STATES),
  enqueuedAt: time,
});

export const taskDetailSchema = taskSchema
  .extend({
    attempts: z.array(attemptSchema).describe('The latest 100, the first of them first'),
    timeline: z.array(momentSchema),
    logs: z.array(logSchema).describe('The latest 1000 lines'),
    children: z.array(childSchema).describe('The newest 100'),
  })
  .meta({ id: 'TaskDetail' });

export type TaskDetailDto = z.output<typeof taskDetailSchema>;

export const toSort = (name: (typeof SORTS)[number]): TaskSort => ({
  column: name.endsWith('enqueuedAt') ? 'enqueued_at' : 'finished_at',
  descending: name.startsWith('-'),
});

/** Times of a row as JSON has them. */
export function toTaskItem(row: TaskRow): TaskItem {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, value instanceof Date ? value.toISOString() : value]),
  );
}

export function toTaskDetailDto({ task, attempts, logs, children, timeline }: TaskDetail): TaskDetailDto {
  const shown = Object.fromEntries(ALL_COLUMNS.map((column) => [column, task[column]]));
  // Once it has begun, the time from which it might says nothing more.
  const moments = timeline.filter(({ what }) => what !== 'due' || attempts.length === 0);
  return {
    ...(toTaskItem(shown) as TaskDto),
    attempts: attempts.map(({ taskId: _, startedAt, finishedAt, retryAt, ...attempt }) => ({
      ...attempt,
      startedAt: startedAt.toISOString(),
      finishedAt: finishedAt?.toISOString() ?? null,
      retryAt: retryAt?.toISOString() ?? null,
    })),
    timeline: moments.map(({ at, what, start = null, worker = null }) => ({
      at: at.toISOString(),
      what,
      start,
      worker,
    })),
    logs: logs.map(({ start, at, message, fields }) => ({ start, at: at.toISOString(), message, fields })),
    children: children.map(({ enqueuedAt, ...child }) => ({
      ...child,
      enqueuedAt: enqueuedAt.toISOString(),
    })),
  };
}
