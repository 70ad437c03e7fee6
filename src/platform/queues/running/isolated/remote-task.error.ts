import { GleanerError, isRetryable } from '../../../../core/errors/index.js';
import { failureOf } from '../outcome.js';
import type { RemoteFailure } from './protocol.js';

/** An error of another process, as good as it came over. */
export class RemoteTaskError extends GleanerError {
  readonly code: string;
  readonly title = 'Task failed';
  override readonly retryable: boolean;

  constructor({ class: name, code = 'task.failed', message, trace, retryable }: RemoteFailure) {
    super(message);
    this.name = name;
    this.code = code;
    this.retryable = retryable;
    if (trace !== undefined) this.stack = trace;
  }
}

export function remoteFailureOf(error: unknown): RemoteFailure {
  return { ...failureOf(error), retryable: isRetryable(error) };
}
