import { GleanerError } from '../../../core/errors/index.js';

/** A query that cannot be read, and where it is wrong. */
export class QuerySyntaxError extends GleanerError {
  readonly code = 'query.invalid';
  readonly title = 'Invalid query';
  override readonly severity = 'info';
  override readonly httpStatus = 400;
  override readonly extensions: { position: number; expected: string; found: string };

  /**
   * @param position of the first character at fault, from 0, in UTF-16 units; the length of the query at its end.
   * @param found the text there, empty at the end.
   */
  constructor(position: number, expected: string, found: string) {
    const shown = Array.from(found.toWellFormed()).slice(0, 40).join('');
    super(
      `The query is wrong at position ${position}: expected ${expected}, got ${shown === '' ? 'its end' : JSON.stringify(shown)}.`,
    );
    this.extensions = { position, expected, found: shown };
  }
}
