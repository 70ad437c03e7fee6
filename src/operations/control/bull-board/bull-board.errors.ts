import { GleanerError } from '../../../core/errors/index.js';

/** The board would make a job that is no task. */
export class NotOnTheBoardError extends GleanerError {
  readonly code = 'ops.not_on_the_board';
  readonly title = 'Not on the board';
  override readonly severity = 'info';
  override readonly httpStatus = 405;

  constructor() {
    super(
      'Jobs are neither added nor edited on the board: they would lack what makes them a task, and have what is hidden here. Use POST /api/v1/ops/tasks/{id}/edit-and-retry.',
    );
  }
}
