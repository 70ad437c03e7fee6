import { AtCapacityError } from '../../../core/errors/index.js';

/** The process sends as many exports as it may. */
export class TooManyExportsError extends AtCapacityError {
  readonly code = 'records.too_many_exports';
  readonly title = 'Too many exports';

  constructor(limit: number) {
    super(
      `This process sends ${limit} exports already, as many as RECORDS_EXPORTS_AT_ONCE allows. Try again in a while.`,
    );
  }
}
