import { AtCapacityError } from '../../../core/errors/index.js';

/** The process is at work on as many bulk operations as it may be. */
export class TooManyBulkOperationsError extends AtCapacityError {
  readonly code = 'bulk.too_many';
  readonly title = 'Too many bulk operations';

  constructor(limit: number) {
    super(
      `This process is at work on ${limit} bulk operations already, which is the most. Try again in a while.`,
    );
  }
}
