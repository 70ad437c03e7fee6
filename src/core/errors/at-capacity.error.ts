import { GleanerError } from './gleaner-error.js';

/** Base of the errors that say that a process does as much of something at once as it may; a little later it may not. */
export abstract class AtCapacityError extends GleanerError {
  override readonly severity = 'warning';
  override readonly retryable = true;
  override readonly httpStatus = 503;
  override readonly retryAfterSeconds = 10;
}
