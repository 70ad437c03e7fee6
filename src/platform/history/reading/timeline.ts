import type { TaskAttempt } from '../entities/task-attempt.entity.js';
import type { Task } from '../entities/task.entity.js';

/** One thing that happened to a task. */
export interface Moment {
  readonly at: Date;
  readonly what: 'enqueued' | 'due' | 'started' | NonNullable<TaskAttempt['outcome']> | 'expired';
  /** Of the attempt that it belongs to. */
  readonly start?: number;
  readonly worker?: string;
  /** For people, e.g. the message of an error. */
  readonly detail?: string;
}

/** What happened to a task, in order; what is to come has a time to come. */
export function timelineOf(
  task: Pick<Task, 'state' | 'enqueuedAt' | 'eta' | 'finishedAt' | 'errorMessage'>,
  attempts: readonly TaskAttempt[],
): Moment[] {
  const moments: Moment[] = [{ at: task.enqueuedAt, what: 'enqueued' }];
  for (const { start, worker, startedAt, finishedAt, outcome, errorMessage } of attempts) {
    moments.push({ at: startedAt, what: 'started', start, worker });
    if (!outcome || !finishedAt) continue;
    const detail = errorMessage === null ? {} : { detail: errorMessage };
    moments.push({ at: finishedAt, what: outcome, start, worker, ...detail });
  }
  if (task.eta) moments.push({ at: task.eta, what: 'due' });
  const isTold = attempts.some(({ outcome }) => outcome === task.state);
  // No attempt tells of it: it ended without having begun, or nobody lived to tell.
  if (task.finishedAt && !isTold) {
    const detail = task.errorMessage === null ? {} : { detail: task.errorMessage };
    moments.push({ at: task.finishedAt, what: task.state as Moment['what'], ...detail });
  }
  // Stable: of the same millisecond what was first here was first.
  return moments.sort((a, b) => a.at.getTime() - b.at.getTime());
}
