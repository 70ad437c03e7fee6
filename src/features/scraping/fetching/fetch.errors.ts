import { GleanerError } from '../../../core/errors/index.js';

/** A page could not be fetched; the class says why and whether it is worth another try. */
export abstract class FetchError extends GleanerError {
  readonly title = 'Fetch failed';
  override readonly severity = 'warning';
}

/** DNS, connect, reset, a broken answer: the network or the server failed before a whole answer came. */
export class ConnectionFailedError extends FetchError {
  readonly code = 'fetch.connection';
  override readonly retryable = true;

  constructor(url: string, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`The connection for ${url} failed: ${reason}`, { cause });
  }
}

export class FetchTimeoutError extends FetchError {
  readonly code = 'fetch.timeout';
  override readonly retryable = true;

  constructor(url: string, timeoutMs: number) {
    super(`${url} did not answer completely within ${timeoutMs} ms.`);
  }
}

/** Statuses that Scrapy's RETRY_HTTP_CODES names: the same request can succeed later. */
const PASSING_STATUSES = new Set([408, 429, 500, 502, 503, 504, 522, 524]);

export class HttpStatusError extends FetchError {
  readonly code = 'fetch.status';
  override readonly retryable: boolean;

  constructor(
    url: string,
    readonly status: number,
  ) {
    super(`${url} answered with status ${status}, expected 200.`);
    this.retryable = PASSING_STATUSES.has(status);
  }
}

export class BodyTooLargeError extends FetchError {
  readonly code = 'fetch.too_large';

  constructor(url: string, maxBytes: number) {
    super(`The body of ${url} is larger than the ${maxBytes} bytes allowed.`);
  }
}

export class TooManyRedirectsError extends FetchError {
  readonly code = 'fetch.redirects';

  constructor(url: string, max: number) {
    super(`${url} was redirected more than ${max} times.`);
  }
}

export class RefusedUrlError extends FetchError {
  readonly code = 'fetch.refused_url';

  constructor(url: string, why: string) {
    super(`${url.slice(0, 500)} is not fetched: ${why}.`);
  }
}

export class ContentTypeError extends FetchError {
  readonly code = 'fetch.content_type';

  constructor(url: string, contentType: string) {
    super(`${url} is "${contentType.slice(0, 100)}", expected HTML.`);
  }
}

export class ContentEncodingError extends FetchError {
  readonly code = 'fetch.content_encoding';

  constructor(url: string, encoding: string) {
    super(`${url} is packed as "${encoding.slice(0, 100)}", expected gzip, deflate, br or nothing.`);
  }
}
