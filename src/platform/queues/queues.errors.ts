import { GleanerError } from '../../core/errors/index.js';

/** Redis did not take the task in time. */
export class QueueUnavailableError extends GleanerError {
  readonly code = 'queue.unavailable';
  readonly title = 'Queue unavailable';
  override readonly retryable = true;
  override readonly httpStatus = 503;
  override readonly retryAfterSeconds = 5;

  constructor(task: string, options?: ErrorOptions) {
    super(
      `The task ${task} could not be enqueued, because the queue does not answer. Try again in a few seconds.`,
      options,
    );
  }
}

export class TaskTooLargeError extends GleanerError {
  readonly code = 'task.too_large';
  readonly title = 'Task too large';
  override readonly severity = 'info';
  override readonly httpStatus = 413;

  constructor(task: string, bytes: number, max: number) {
    super(
      `The payload of ${task} has ${bytes} bytes, more than the ${max} allowed. Store it and enqueue its id.`,
    );
  }
}

/** A worker of this process knows no handler for the name. */
export class UnknownTaskError extends GleanerError {
  readonly code = 'task.unknown';
  readonly title = 'Unknown task';
  // While releases roll out a worker of the newer one can take it.
  override readonly retryable = true;

  constructor(task: string) {
    super(`This worker has no handler for the task "${task}".`);
  }
}

export class UnsupportedTaskVersionError extends GleanerError {
  readonly code = 'task.unsupported_version';
  readonly title = 'Unsupported task version';
  // As above: a worker of the release that wrote it can take it.
  override readonly retryable = true;

  constructor(task: string, found: number, known: number) {
    super(`The task ${task} has version ${found} of its payload; this worker knows up to ${known}.`);
  }
}

export class MalformedTaskError extends GleanerError {
  readonly code = 'task.malformed';
  readonly title = 'Malformed task';

  constructor(task: string, faults: string) {
    super(`The payload of ${task} does not fit its schema: ${faults}`);
  }
}

/** Reason of an abort: the attempt took longer than the task's deadline. */
export class TaskDeadlineError extends GleanerError {
  readonly code = 'task.deadline';
  readonly title = 'Deadline exceeded';
  override readonly retryable = true;

  constructor(task: string, deadlineMs: number) {
    super(`The task ${task} took longer than its deadline of ${deadlineMs} ms.`);
  }
}

/** Reason of an abort: the lock on the task is lost, so another worker may be running it already. */
export class TaskLockLostError extends GleanerError {
  readonly code = 'task.lock_lost';
  readonly title = 'Lock lost';
  override readonly retryable = true;

  constructor(taskId: string) {
    super(`The lock on task ${taskId} could not be renewed; another worker takes it over.`);
  }
}

/** Reason of an abort: the worker shuts down and hands the task back. */
export class WorkerShutdownError extends GleanerError {
  readonly code = 'worker.shutdown';
  readonly title = 'Worker shutting down';
  override readonly retryable = true;
  override readonly severity = 'info';

  constructor() {
    super('The worker is shutting down; the task goes back to its queue.');
  }
}

/** Reason of an abort: an operator has taken the task back. */
export class TaskRevokedError extends GleanerError {
  readonly code = 'task.revoked';
  readonly title = 'Task revoked';
  override readonly severity = 'info';

  constructor(taskId: string) {
    super(`The task ${taskId} was revoked.`);
  }
}

/** The child process of an isolated task ended, or was killed, before it said how the task went. */
export class TaskProcessError extends GleanerError {
  readonly code = 'task.process_died';
  readonly title = 'Process of the task died';
  override readonly retryable = true;

  constructor(task: string, how: string) {
    super(`The process of the task ${task} ended before it was done: ${how}.`);
  }
}
