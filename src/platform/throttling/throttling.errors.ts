import { GleanerError } from '../../core/errors/index.js';
import type { Standing } from './buckets/limit.js';

/** A client has used up a limit. The body says which one and when to come back. */
export class TooManyRequestsError extends GleanerError {
  readonly code = 'too_many_requests';
  readonly title = 'Too many requests';
  override readonly severity = 'info';
  override readonly retryable = true;
  override readonly httpStatus = 429;
  override readonly retryAfterSeconds: number;
  override readonly extensions: Readonly<Record<string, unknown>>;

  constructor({ limit, waitSeconds, resetSeconds }: Standing) {
    const { burst, depthUs, name } = limit;
    const windowSeconds = Math.max(1, Math.round(depthUs / 1_000_000));
    super(
      `The limit "${name}" is ${burst} requests in ${windowSeconds} s, and all are used up. ` +
        `The next is there in ${waitSeconds} s, all of them in ${resetSeconds} s.`,
    );
    this.retryAfterSeconds = waitSeconds;
    this.extensions = {
      limit: { name, requests: burst, windowSeconds },
      retryAfterSeconds: waitSeconds,
      resetSeconds,
    };
  }
}

/** Redis has not answered within the time that a decision may take. */
export class RedisTooSlowError extends GleanerError {
  readonly code = 'throttling.redis_too_slow';
  readonly title = 'Redis is too slow';
  override readonly retryable = true;

  constructor(timeoutMs: number) {
    super(`no answer within ${timeoutMs} ms`);
  }
}
