import type { TaskColumn, TaskRow } from '../../../platform/history/index.js';
import { type Column, duration, timeOf, WHOLE } from '../show.js';
import type { Style } from '../terminal.js';

/** Of states of tasks and outcomes of attempts. */
export const STYLES: Readonly<Record<string, Style>> = {
  succeeded: 'green',
  failed: 'red',
  retry: 'yellow',
  active: 'cyan',
};
export const styleOf = ({ state }: { state?: unknown }): Style | undefined => STYLES[String(state)];

/** Of what is missing nothing is said. */
const cell =
  (name: TaskColumn) =>
  (row: TaskRow): string => {
    const value = row[name] ?? '';
    if (value instanceof Date) return timeOf(value);
    return typeof value === 'string' ? value : JSON.stringify(value);
  };

export const COLUMNS: Readonly<Record<TaskColumn, Column<TaskRow>>> = {
  id: ['TASK', cell('id'), WHOLE],
  name: ['NAME', cell('name')],
  queue: ['QUEUE', cell('queue')],
  state: ['STATE', cell('state'), { style: styleOf, whole: true }],
  attempt: ['ATTEMPT', cell('attempt')],
  maxAttempts: ['OF', cell('maxAttempts')],
  starts: ['STARTS', cell('starts')],
  critical: ['CRITICAL', cell('critical')],
  worker: ['WORKER', cell('worker')],
  args: ['ARGS', cell('args')],
  result: ['RESULT', cell('result')],
  progress: ['PROGRESS', cell('progress')],
  errorClass: ['ERROR CLASS', cell('errorClass')],
  errorCode: ['ERROR CODE', cell('errorCode')],
  errorMessage: ['ERROR', cell('errorMessage')],
  correlationId: ['CORRELATION', cell('correlationId')],
  requestId: ['REQUEST', cell('requestId')],
  parentId: ['PARENT', cell('parentId')],
  rootId: ['ROOT', cell('rootId')],
  retryOf: ['RETRY OF', cell('retryOf')],
  enqueuedAt: ['ENQUEUED', cell('enqueuedAt'), WHOLE],
  eta: ['DUE', cell('eta'), WHOLE],
  expiresAt: ['EXPIRES', cell('expiresAt'), WHOLE],
  startedAt: ['STARTED', cell('startedAt'), WHOLE],
  finishedAt: ['FINISHED', cell('finishedAt'), WHOLE],
  runtimeMs: ['TOOK', ({ runtimeMs }) => (typeof runtimeMs === 'number' ? duration(runtimeMs) : '')],
};
