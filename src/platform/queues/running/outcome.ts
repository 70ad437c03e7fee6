import type { Job } from 'bull';
import { GleanerError, isRetryable, messageOf } from '../../../core/errors/index.js';
import { TaskLockLostError, TaskRevokedError, WorkerShutdownError } from '../queues.errors.js';
import type { TaskFailure } from '../tasks/task-events.js';

/** How an attempt ended, before it is written. */
export type Outcome =
  | { readonly type: 'succeeded'; readonly result: unknown }
  | { readonly type: 'failed'; readonly error: unknown }
  | { readonly type: 'revoked' }
  /** Goes back to its queue, without counting as an attempt. */
  | { readonly type: 'returned' }
  | { readonly type: 'postponed'; readonly until: number; readonly slot: string }
  | { readonly type: 'expired' }
  /** Another worker has it. */
  | { readonly type: 'lost' };

/** What an attempt comes to that was aborted for this reason. */
export function outcomeOfAbort(reason: unknown): Outcome {
  if (reason instanceof TaskLockLostError) return { type: 'lost' };
  if (reason instanceof TaskRevokedError) return { type: 'revoked' };
  if (reason instanceof WorkerShutdownError) return { type: 'returned' };
  return { type: 'failed', error: reason };
}

/** Whether no other attempt follows. After a lost lock, a revocation or a shutdown it is not this worker that decides. */
export function isLastFailure(job: Job, error: unknown): boolean {
  if (error instanceof TaskLockLostError || error instanceof WorkerShutdownError) return false;
  return !isRetryable(error) || job.attemptsMade + 1 >= (job.opts.attempts ?? 1);
}

const MAX_MESSAGE = 2000;
const MAX_TRACE = 10_000;

/** An error as it is kept. */
export function failureOf(error: unknown): TaskFailure {
  const name = error instanceof Error ? error.name : typeof error;
  const trace = error instanceof Error ? error.stack : undefined;
  return {
    class: name.slice(0, 200),
    ...(error instanceof GleanerError && { code: error.code }),
    message: messageOf(error).slice(0, MAX_MESSAGE),
    ...(trace !== undefined && { trace: withCauses(error).slice(0, MAX_TRACE) }),
  };
}

/** Traces of the error and of what caused it. */
function withCauses(error: unknown): string {
  const traces: string[] = [];
  for (let cause = error; cause instanceof Error && traces.length < 5; cause = cause.cause)
    traces.push(cause.stack ?? String(cause));
  return traces.join('\ncaused by: ');
}
