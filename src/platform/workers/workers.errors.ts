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
