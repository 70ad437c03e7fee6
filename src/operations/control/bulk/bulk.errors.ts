import { GleanerError } from '../../../core/errors/index.js';

/** The process is at work on as many bulk operations as it may be. */
export class TooManyBulkOperationsError extends GleanerError {
  readonly code = 'bulk.too_many';
  readonly title = 'Too many bulk operations';
  override readonly severity = 'warning';
  override readonly retryable = true;
  override readonly httpStatus = 503;
  override readonly retryAfterSeconds = 10;

  constructor(limit: number) {
    super(
      `This process is at work on ${limit} bulk operations already, which is the most. Try again in a while.`,
    );
  }
}
