import { GleanerError } from '../../core/errors/index.js';

/** A channel could not be told of an alert. */
export class DeliveryError extends GleanerError {
  readonly code = 'alerting.not_delivered';
  readonly title = 'Alert not delivered';
  override readonly severity = 'warning';
  override readonly httpStatus = 502;

  override readonly retryable: boolean;
  override readonly retryAfterSeconds: number | undefined;

  /** `retryable`: trying again may help; `retryAfterSeconds`: when, if the other side said so. */
  constructor(
    message: string,
    {
      retryable,
      retryAfterSeconds,
      cause,
    }: { retryable: boolean; retryAfterSeconds?: number | undefined; cause?: unknown },
  ) {
    super(message, { cause });
    this.retryable = retryable;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** A silence that ended, or never was. */
export class SilenceOverError extends GleanerError {
  readonly code = 'alerting.silence_over';
  readonly title = 'The silence is over';
  override readonly severity = 'info';
  override readonly httpStatus = 409;

  constructor(id: string) {
    super(`The silence ${id} has ended already. Only one that lasts can be ended.`);
  }
}
