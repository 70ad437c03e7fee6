import { GleanerError } from '../../../core/errors/index.js';

/** The process sends as many exports as it may. */
export class TooManyExportsError extends GleanerError {
  readonly code = 'records.too_many_exports';
  readonly title = 'Too many exports';
  override readonly severity = 'warning';
  override readonly retryable = true;
  override readonly httpStatus = 503;
  override readonly retryAfterSeconds = 10;

  constructor(limit: number) {
    super(
      `This process sends ${limit} exports already, as many as RECORDS_EXPORTS_AT_ONCE allows. Try again in a while.`,
    );
  }
}
