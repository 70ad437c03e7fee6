/** What lists can show of a task, by the name of its column. */
const TASK_COLUMNS = {
  id: 'id',
  name: 'name',
  queue: 'queue',
  state: 'state',
  attempt: 'attempt',
  maxAttempts: 'max_attempts',
  starts: 'starts',
  critical: 'critical',
  worker: 'worker',
  args: 'args',
  result: 'result',
  progress: 'progress',
  errorClass: 'error_class',
  errorCode: 'error_code',
  errorMessage: 'error_message',
  correlationId: 'correlation_id',
  requestId: 'request_id',
  parentId: 'parent_id',
  rootId: 'root_id',
  retryOf: 'retry_of',
  enqueuedAt: 'enqueued_at',
  eta: 'eta',
  expiresAt: 'expires_at',
  startedAt: 'started_at',
  finishedAt: 'finished_at',
  runtimeMs: 'runtime_ms',
} as const;

export type TaskColumn = keyof typeof TASK_COLUMNS;

export const ALL_COLUMNS = Object.keys(TASK_COLUMNS) as TaskColumn[];

/** What they show unless asked for something else: what fits into a table on a screen. */
export const USUAL_COLUMNS: readonly TaskColumn[] = [
  'id',
  'name',
  'queue',
  'state',
  'attempt',
  'maxAttempts',
  'worker',
  'args',
  'errorClass',
  'errorMessage',
  'enqueuedAt',
  'startedAt',
  'finishedAt',
  'runtimeMs',
];

export const selectList = (columns: readonly TaskColumn[]): string =>
  columns.map((column) => `${TASK_COLUMNS[column]} AS "${column}"`).join(', ');
