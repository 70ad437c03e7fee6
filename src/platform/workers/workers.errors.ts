import { GleanerError } from '../../core/errors/index.js';

/** Redis, through which workers are seen and commanded, does not answer. */
export class WorkersUnavailableError extends GleanerError {
  readonly code = 'workers.unavailable';
  readonly title = 'Workers unavailable';
  override readonly retryable = true;
  override readonly httpStatus = 503;
  override readonly retryAfterSeconds = 5;

  constructor(cause: unknown, options: { sent?: boolean } = {}) {
    super(
      options.sent
        ? 'The command was sent, but Redis stopped answering: which workers carried it out is not known. Look at them in a few seconds.'
        : 'Workers can be neither seen nor commanded, because Redis does not answer. Try again in a few seconds.',
      { cause },
    );
  }
}

/** A worker of an older release does not know the command. */
export class UnknownCommandError extends GleanerError {
  readonly code = 'worker.unknown_command';
  readonly title = 'Unknown command';

  constructor(version: string) {
    super(`This worker, of release ${version}, does not know the command. Bring it up to date.`);
  }
}

/** A limit is for a task that is not known here, and no worker has said that it knows it. */
export class LimitNotSetError extends GleanerError {
  readonly code = 'workers.unknown_task';
  readonly title = 'Unknown task';
  override readonly severity = 'info';
  override readonly httpStatus = 404;

  constructor(task: string) {
    super(
      `No limit was set: the task ${JSON.stringify(task)} is not known here, and no worker that knows it has answered.`,
    );
  }
}

/** A worker was asked for a profile, and there is none. */
export class WorkerNotProfiledError extends GleanerError {
  readonly code: string;
  readonly title = 'Worker not profiled';
  override readonly severity = 'warning';
  override readonly retryable = true;
  override readonly httpStatus: number;

  /** @param code of what the worker has said. */
  constructor(worker: string, why: string, code = 'worker.not_profiled') {
    super(`The worker ${worker} was not profiled: ${why}`);
    this.code = code;
    this.httpStatus = code === 'profiling.busy' ? 409 : 503;
  }
}
