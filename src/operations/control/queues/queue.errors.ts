import { GleanerError } from '../../../core/errors/index.js';

/** The token is none that was given to this key, for this queue, a short while ago. */
export class UnconfirmedDrainError extends GleanerError {
  readonly code = 'queue.drain_unconfirmed';
  readonly title = 'Not confirmed';
  override readonly severity = 'info';
  override readonly httpStatus = 409;

  constructor(queue: string, seconds: number) {
    super(
      `Draining ${queue} is not confirmed: expected the token that the same key got for this queue within the last ${seconds} seconds, and has not used. Ask without a token for a new one.`,
    );
  }
}
