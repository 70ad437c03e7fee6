export type Severity = 'info' | 'warning' | 'error';

/**
 * Base class of every error with a meaning of its own. What happens to an error is decided by these fields, never
 * by the text of its message: `httpStatus` for the answer, `retryable` for the task, `severity` for the log.
 */
export abstract class GleanerError extends Error {
  /** Stable, machine-readable name, e.g. `run.already_running`; part of the API. */
  abstract readonly code: string;
  /** Whether the same attempt can succeed later without anybody changing anything. */
  readonly retryable: boolean = false;
  readonly severity: Severity = 'error';
  readonly httpStatus: number = 500;
  /** Short, constant text for `title` of the problem document. */
  abstract readonly title: string;
  /** Members added to the problem document (RFC 9457 §3.2). */
  readonly extensions: Readonly<Record<string, unknown>> = {};
  /** Seconds after which trying again makes sense; becomes `Retry-After`. */
  readonly retryAfterSeconds: number | undefined = undefined;

  /** Headers of the answer, e.g. `WWW-Authenticate`. */
  readonly headers: Readonly<Record<string, string | string[]>> = {};

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** Whether a task that failed with this error is worth another attempt. Unknown errors are: they may be passing. */
export function isRetryable(error: unknown): boolean {
  return error instanceof GleanerError ? error.retryable : true;
}

/** Whether the same is known to be able to succeed later. Of an unknown error it is not, so that nobody waits for ever. */
export function isPassing(error: unknown): boolean {
  return error instanceof GleanerError && error.retryable;
}

/** The text of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
