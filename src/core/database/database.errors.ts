import pg from 'pg';
import { QueryFailedError, QueryRunnerAlreadyReleasedError } from 'typeorm';
import { GleanerError, messageOf } from '../errors/index.js';

/**
 * PostgreSQL cannot be reached, refuses connections, has no connection to spare, or went away during a statement.
 * Whether the last statement took effect is not known; what is tried again has to be idempotent.
 */
export class DatabaseUnavailableError extends GleanerError {
  readonly code = 'database.unavailable';
  readonly title = 'Database unavailable';
  override readonly retryable = true;
  override readonly httpStatus = 503;
  override readonly retryAfterSeconds = 5;

  constructor(options?: ErrorOptions) {
    super('The database does not answer. Try again in a few seconds.', options);
  }
}

/** A statement took longer than this mode's statement time-out and was cancelled; it changed nothing. */
export class StatementTimeoutError extends GleanerError {
  readonly code = 'database.statement_timeout';
  readonly title = 'Statement time-out';
  override readonly retryable = true;
  override readonly httpStatus = 503;
  override readonly retryAfterSeconds = 5;

  constructor(options?: ErrorOptions) {
    super('The database took too long to answer this and was stopped. Try again, or ask for less.', options);
  }
}

/** SQLSTATE of a statement that the server cancelled: its time-out, or somebody's request. */
const QUERY_CANCELED = '57014';

/**
 * SQLSTATEs by which the server says that it, or this connection to it, is gone: connection exceptions (also what
 * PgBouncer reports), too many connections, shut down, crashed, starting up, idle for too long.
 */
const GONE = /^(08...|53300|57P0[1235]|25P0[34])$/;

/** Only what lost its connection, never a fault of the statement, becomes `DatabaseUnavailableError`. */
export function fromQueryError(error: unknown): unknown {
  // TypeORM gives a runner's connection back when it breaks, and then refuses the next statement of the transaction.
  if (error instanceof QueryRunnerAlreadyReleasedError) return new DatabaseUnavailableError({ cause: error });
  if (!(error instanceof QueryFailedError)) return error;
  const cause: unknown = error.driverError;
  if (!(cause instanceof pg.DatabaseError)) {
    // Not an answer of the server, so the way to it broke. A TypeError is the driver refusing its arguments.
    return cause instanceof TypeError || cause instanceof RangeError
      ? error
      : new DatabaseUnavailableError({ cause });
  }
  if (cause.code === QUERY_CANCELED) return new StatementTimeoutError({ cause: error });
  return GONE.test(cause.code ?? '') ? new DatabaseUnavailableError({ cause }) : error;
}

/** Whatever kept a connection from being had, the caller can only come back later. */
export function fromConnectError(error: unknown): DatabaseUnavailableError {
  if (error instanceof DatabaseUnavailableError) return error;
  return new DatabaseUnavailableError({
    cause: error instanceof Error ? error : new Error(messageOf(error)),
  });
}
