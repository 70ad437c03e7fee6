import type { TaskDetailDto, TaskDto } from './task.dto.js';

/** A row of `task_attempt`. */
export interface AttemptRow {
  start: number;
  attempt: number;
  worker: string;
  outcome: string | null;
  startedAt: Date;
  finishedAt: Date | null;
  runtimeMs: number | null;
  retryAt: Date | null;
  errorClass: string | null;
  errorCode: string | null;
  errorMessage: string | null;
  trace: string | null;
}

type Moment = TaskDetailDto['timeline'][number];

/** What happened to a task, in the order of time: as far as its attempts tell. */
export function timelineOf(
  task: Pick<TaskDto, 'enqueuedAt' | 'eta' | 'state' | 'finishedAt'>,
  attempts: readonly AttemptRow[],
): Moment[] {
  const of = (at: string, what: string, attempt?: AttemptRow): Moment => ({
    at,
    what,
    start: attempt?.start ?? null,
    worker: attempt?.worker ?? null,
  });
  const moments = attempts.flatMap((attempt) => [
    of(attempt.startedAt.toISOString(), 'started', attempt),
    ...(attempt.finishedAt
      ? [of(attempt.finishedAt.toISOString(), attempt.outcome ?? 'ended', attempt)]
      : []),
  ]);
  const waits = attempts.length === 0 && task.eta !== null ? [of(task.eta, 'due')] : [];
  // A task that was never begun, or taken back between two attempts, ends without one.
  const ended = moments.some(({ what }) => what === task.state);
  const end = task.finishedAt !== null && !ended ? [of(task.finishedAt, task.state)] : [];
  return [
    of(task.enqueuedAt, 'enqueued'),
    ...[...waits, ...moments, ...end].sort((a, b) => (a.at < b.at ? -1 : 1)),
  ];
}
