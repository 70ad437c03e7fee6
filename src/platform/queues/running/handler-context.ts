import { Logger } from '@nestjs/common';
import type { TaskContext } from '../tasks/task.js';
import { type TaskEvents, type TaskProgress } from '../tasks/task-events.js';
import type { Attempt } from './attempt.js';
import { isLastFailure } from './outcome.js';

/** Progress is told this often at most; what is left out is older than what is told. */
const PROGRESS_EVERY_MS = 1000;
const MAX_LOG_LINES = 1000;
const MAX_LOG_LENGTH = 2000;

const logger = new Logger('Task');

/** What a handler is given, and how what it says gets to whoever watches. */
export function contextOf(attempt: Attempt, events: TaskEvents): TaskContext {
  let toldAt = 0;
  let lines = 0;
  const alive = (): void => {
    attempt.aliveAt = Date.now();
  };
  return {
    taskId: attempt.id,
    attempt: attempt.number,
    start: attempt.start,
    signal: attempt.signal,
    progress: (done, total, message) => {
      alive();
      const complete = total !== undefined && done >= total;
      if (attempt.aliveAt - toldAt < PROGRESS_EVERY_MS && !complete) return;
      toldAt = attempt.aliveAt;
      const progress: TaskProgress = {
        done,
        ...(total !== undefined && { total }),
        ...(message !== undefined && { message: message.slice(0, MAX_LOG_LENGTH) }),
      };
      events.emit({ type: 'progress', at: toldAt, progress, ...attempt.facts });
    },
    log: (text, fields) => {
      alive();
      const message = text.slice(0, MAX_LOG_LENGTH);
      logger.log({ ...fields }, message);
      if (lines++ >= MAX_LOG_LINES) return;
      events.emit({ type: 'log', at: attempt.aliveAt, message, ...(fields && { fields }), ...attempt.facts });
    },
    heartbeat: () => {
      alive();
      attempt.signal.throwIfAborted();
    },
    // What a handler throws after an abort may be any error of the thing that was aborted: the reason decides.
    isFinal: (error) => isLastFailure(attempt.job, attempt.signal.aborted ? attempt.signal.reason : error),
  };
}
