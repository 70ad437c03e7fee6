import { GleanerError } from '../../core/errors/index.js';

/** Redis, which keeps the latest changes, does not answer. */
export class ChangesUnavailableError extends GleanerError {
  readonly code = 'changes.unavailable';
  readonly title = 'Changes unavailable';
  override readonly retryable = true;
  override readonly httpStatus = 503;
  override readonly retryAfterSeconds = 5;

  constructor(cause: unknown) {
    super('Redis, which keeps the latest changes, does not answer. Try again in a while.', { cause });
  }
}
