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

/** The payload of a task is too large for a queue. */
export class PayloadTooLargeError extends GleanerError {
  readonly code = 'task.too_large';
  readonly title = 'Task too large';
  override readonly severity = 'info';
  override readonly httpStatus = 413;

  constructor(bytes: number, max: number) {
    super(
      `The payload has ${bytes} bytes, more than the ${max} that a queue takes. Store it and enqueue its id.`,
    );
  }
}
