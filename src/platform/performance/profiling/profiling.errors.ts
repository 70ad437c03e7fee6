import { GleanerError } from '../../../core/errors/index.js';

/** The process is being profiled already: two profiles would measure each other. */
export class ProfilingBusyError extends GleanerError {
  readonly code = 'profiling.busy';
  readonly title = 'Being profiled';
  override readonly severity = 'warning';
  override readonly retryable = true;
  override readonly httpStatus = 409;

  constructor(what: string) {
    super(`This process makes a ${what} for somebody else, one at a time. Try again when it is done.`);
  }
}

/** A heap snapshot would take more memory than there is, and end the process. */
export class TooLittleMemoryError extends GleanerError {
  readonly code = 'profiling.too_little_memory';
  readonly title = 'Too little memory';
  override readonly severity = 'warning';
  override readonly retryable = true;
  override readonly httpStatus = 503;
  override readonly extensions: Readonly<Record<string, unknown>>;

  constructor(neededBytes: number, availableBytes: number) {
    const mebibytes = (bytes: number): string => `${Math.round(bytes / 1_048_576)} MiB`;
    super(
      `A heap snapshot of this process needs about ${mebibytes(neededBytes)} beside what it uses, and ${mebibytes(availableBytes)} are available. Ask another process, or give this one more memory.`,
    );
    this.extensions = { neededBytes, availableBytes };
  }
}
