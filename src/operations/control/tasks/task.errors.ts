import { AtCapacityError } from '../../../core/errors/index.js';

/** The process sends as many exports of tasks as it may. */
export class TooManyTaskExportsError extends AtCapacityError {
  readonly code = 'tasks.too_many_exports';
  readonly title = 'Too many exports';

  constructor(limit: number) {
    super(
      `This process sends ${limit} exports of tasks already, as many as OPS_EXPORTS_AT_ONCE allows. Try again in a while.`,
    );
  }
}
