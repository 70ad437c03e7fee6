import { GleanerError } from '../../../core/errors/index.js';

/** The page that a declaration is tried on could not be had, or not be read. */
export class PreviewFailedError extends GleanerError {
  readonly code = 'preview.failed';
  readonly title = 'Preview failed';
  override readonly severity = 'info';
  override readonly retryable: boolean;
  override readonly httpStatus: number;
  override readonly extensions: { reason: string };

  constructor(url: string, cause: GleanerError) {
    const advice = cause.retryable
      ? 'Try again later.'
      : 'Trying again will not help; see docs/declared-sources.md.';
    super(`${url.slice(0, 500)} cannot be previewed: ${cause.message} ${advice}`, { cause });
    this.retryable = cause.retryable;
    this.httpStatus = cause.retryable ? 503 : 422;
    this.extensions = { reason: cause.code };
  }
}

/** The host has not answered, or its turn has not come. */
export class PreviewTimeoutError extends GleanerError {
  readonly code = 'preview.timeout';
  readonly title = 'Preview too slow';
  override readonly severity = 'info';
  override readonly retryable = true;

  constructor(timeoutMs: number) {
    super(
      `It took longer than ${timeoutMs} ms. The site is slow, or its turn has not come: runs ask the host, or politeness.downloadDelayMs is long.`,
    );
  }
}
