import { GleanerError } from '../../../core/errors/index.js';

export type BlockReason = 'circuit_open' | 'retry_after';

const REASONS: Readonly<Record<BlockReason, string>> = {
  circuit_open: 'it has failed several times in a row',
  retry_after: 'it has asked not to be asked before (429 or Retry-After)',
};

/** Redis could not be told in time that a request goes on. It was cut off, which says nothing about its host: try again. */
export class PermitLostError extends GleanerError {
  readonly code = 'host.permit_lost';
  readonly title = 'Permit lost';
  override readonly severity = 'info';
  override readonly retryable = true;
  override readonly httpStatus = 503;

  constructor(host: string) {
    super(
      `A request to ${host} was cut off: Redis could not be told that it goes on, so that another worker may have begun one in its place. Try again.`,
    );
  }
}

/** A host may not be asked for longer than the caller should wait. Nothing was sent: postpone the request. */
export class HostBlockedError extends GleanerError {
  readonly code = 'host.blocked';
  readonly title = 'Host blocked';
  override readonly severity = 'info';
  override readonly retryable = true;
  override readonly httpStatus = 503;
  /** When asking again makes sense, by this process's clock. */
  readonly until: Date;

  /** @param waitMs from now until then. */
  constructor(
    host: string,
    readonly reason: BlockReason,
    readonly waitMs: number,
  ) {
    const until = new Date(Date.now() + waitMs);
    super(`${host} is not asked before ${until.toISOString()}: ${REASONS[reason]}. Try again then.`);
    this.until = until;
  }
}
