import { GleanerError } from './gleaner-error.js';

/** A resource named by the caller does not exist. */
export class NotFoundError extends GleanerError {
  readonly code = 'not_found';
  readonly title = 'Not found';
  override readonly severity = 'info';
  override readonly httpStatus = 404;

  constructor(what: string, id: string | number) {
    super(`There is no ${what} "${String(id).slice(0, 200)}".`);
  }
}
