import { GleanerError } from '../errors/index.js';

/** Redis cannot be reached or does not answer in time. Whether it did what it was asked is not known. */
class RedisUnavailableError extends GleanerError {
  readonly code = 'redis.unavailable';
  readonly title = 'Redis unavailable';
  override readonly retryable = true;
  override readonly httpStatus = 503;
  override readonly retryAfterSeconds = 5;

  constructor(cause: unknown) {
    super('Redis does not answer. Try again in a few seconds.', { cause });
  }
}

/** What ioredis says of a connection, and not of a command; some of it has no class, and no code. */
const ABOUT_THE_CONNECTION =
  /^(?:Connection is closed\.|Command timed out|Stream isn't writeable and enableOfflineQueue options is false|Socket timeout\b.*)$/;

/** What was thrown, or that Redis is not there if that is what it is about. */
export function fromRedisError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const isAway = error.name === 'MaxRetriesPerRequestError' || ABOUT_THE_CONNECTION.test(error.message);
  return isAway ? new RedisUnavailableError(error) : error;
}
