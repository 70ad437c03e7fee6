import { GleanerError } from '../../../core/errors/index.js';

/** What is asked of a task is for one that has not ended, or for one that has. */
export class WrongTaskStateError extends GleanerError {
  readonly code = 'task.wrong_state';
  readonly title = 'Wrong state';
  override readonly severity = 'info';
  override readonly httpStatus = 409;

  constructor(id: string, state: string, expected: string) {
    super(`The task ${id} is ${state}; this takes ${expected}.`);
  }
}
