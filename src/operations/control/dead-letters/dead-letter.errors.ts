import { GleanerError } from '../../../core/errors/index.js';

/** The token is none that was given to this key, for these conditions, a short while ago. */
export class UnconfirmedPurgeError extends GleanerError {
  readonly code = 'dead_letter.purge_unconfirmed';
  readonly title = 'Not confirmed';
  override readonly severity = 'info';
  override readonly httpStatus = 409;

  constructor(seconds: number) {
    super(
      `Purging is not confirmed: expected the token that the same key got for the same conditions within the last ${seconds} seconds, and has not used. Ask without a token for a new one.`,
    );
  }
}
