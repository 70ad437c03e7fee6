import { GleanerError } from '../../../core/errors/index.js';

/** A page could not be fetched; the class says why and whether it is worth another try. */
export abstract class FetchError extends GleanerError {
  readonly title = 'Fetch failed';
  override readonly severity = 'warning';
  /** Whether the host itself is in trouble, so that asking it for other pages would fail as well: opens its circuit. */
  readonly hostFailure: boolean = false;
}

/**
 * The name has no address, or nobody could tell. Also a name that does not exist is worth another try: resolvers and
 * zones have bad moments, in which they deny what is there a second later.
 */
export class DnsError extends FetchError {
  readonly code = 'fetch.dns';
  override readonly retryable = true;
  override readonly hostFailure = true;

  constructor(host: string, cause?: unknown) {
    super(`The address of ${shown(host)} could not be found (${codeOf(cause) ?? 'there is none'}).`, {
      cause,
    });
  }
}

/** Nobody listens there, or there is no way to it. */
export class ConnectError extends FetchError {
  readonly code = 'fetch.connect';
  override readonly retryable = true;
  override readonly hostFailure = true;

  constructor(origin: string, cause: unknown) {
    super(`${shown(origin)} could not be connected to (${codeOf(cause) ?? 'no reason given'}).`, { cause });
  }
}

/** The handshake failed, or who answered could not prove to be the host. */
export class TlsError extends FetchError {
  readonly code = 'fetch.tls';
  override readonly retryable: boolean;
  override readonly hostFailure = true;

  /** @param certificate whether it is the certificate that is not believed: another try brings the same one. */
  constructor(origin: string, certificate: boolean, cause: unknown) {
    const what = certificate ? 'shows a certificate that is not valid for it' : 'failed in the TLS handshake';
    super(`${shown(origin)} ${what} (${codeOf(cause) ?? 'no reason given'}).`, { cause });
    this.retryable = !certificate;
  }
}

/** Reset, cut off, or not the protocol that was expected: no whole answer came. */
export class ConnectionFailedError extends FetchError {
  readonly code = 'fetch.connection';
  override readonly retryable = true;
  override readonly hostFailure = true;

  constructor(url: string, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`The connection for ${shown(url)} failed: ${reason.slice(0, 300)}`, { cause });
  }
}

/** What was waited for: a connection, the headers of the answer, more of its body, all of it. */
export type FetchPhase = 'connect' | 'headers' | 'body' | 'total';

const WAITED_FOR: Readonly<Record<FetchPhase, string>> = {
  connect: 'could not be connected to',
  headers: 'did not begin to answer',
  body: 'stopped in the middle of its answer and sent nothing more',
  total: 'did not answer completely',
};

export class FetchTimeoutError extends FetchError {
  readonly code = 'fetch.timeout';
  override readonly retryable = true;
  override readonly hostFailure = true;

  constructor(
    url: string,
    readonly phase: FetchPhase,
    timeoutMs: number,
    cause?: unknown,
  ) {
    super(`${shown(url)} ${WAITED_FOR[phase]} within ${timeoutMs} ms.`, { cause });
  }
}

/** Statuses that Scrapy's RETRY_HTTP_CODES names: the same request can succeed later. */
const PASSING_STATUSES = new Set([408, 429, 500, 502, 503, 504, 522, 524]);

export class HttpStatusError extends FetchError {
  readonly code = 'fetch.status';
  override readonly retryable: boolean;
  override readonly hostFailure: boolean;

  /** @param retryAfterMs milliseconds for which the host asked to be left alone. */
  constructor(
    url: string,
    readonly status: number,
    readonly retryAfterMs?: number,
  ) {
    super(`${shown(url)} answered with status ${status}, expected 200.`);
    this.retryable = PASSING_STATUSES.has(status);
    this.hostFailure = status >= 500;
  }
}

export class BodyTooLargeError extends FetchError {
  readonly code = 'fetch.too_large';

  constructor(url: string, maxBytes: number) {
    super(`The body of ${shown(url)} is larger than the ${maxBytes} bytes allowed.`);
  }
}

export class HeadersTooLargeError extends FetchError {
  readonly code = 'fetch.headers_too_large';

  constructor(url: string, maxBytes: number) {
    super(`The headers of ${shown(url)} are larger than the ${maxBytes} bytes allowed.`);
  }
}

export class TooManyRedirectsError extends FetchError {
  readonly code = 'fetch.redirects';

  constructor(url: string, max: number) {
    super(`${shown(url)} was redirected more than ${max} times.`);
  }
}

/** What the URL itself forbids: its scheme, its port, a password in it. */
export class RefusedUrlError extends FetchError {
  readonly code = 'fetch.refused_url';

  constructor(url: string, why: string) {
    super(`${shown(url)} is not fetched: ${why}.`);
  }
}

/** The host is an address, or has only addresses, that outside requests must not reach. */
export class BlockedAddressError extends FetchError {
  readonly code = 'fetch.blocked_address';

  constructor(host: string, addresses: readonly string[]) {
    super(
      `${shown(host)} is not asked: ${addresses.slice(0, 5).join(', ')} is not a public address. ` +
        `If it is meant, list it in SCRAPE_ALLOWED_PRIVATE_HOSTS.`,
    );
  }
}

export class ContentTypeError extends FetchError {
  readonly code = 'fetch.content_type';

  constructor(url: string, contentType: string, expected: string) {
    super(`${shown(url)} is "${contentType.slice(0, 100)}", expected ${expected}.`);
  }
}

export class ContentEncodingError extends FetchError {
  readonly code = 'fetch.content_encoding';

  constructor(url: string, encoding: string) {
    super(`${shown(url)} is packed as "${encoding.slice(0, 100)}", expected gzip, deflate, br or nothing.`);
  }
}

/** A URL as a message has it: not endless, and without the password that it may carry. */
export function shown(url: string): string {
  return url.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i, '$1').slice(0, 500);
}

/** Node's and undici's name of an error, e.g. `ECONNREFUSED`; the only thing that it is told apart by. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
