import { GleanerError } from '../../errors/index.js';

export class MisdirectedError extends GleanerError {
  readonly code = 'http.misdirected';
  readonly title = 'Misdirected request';
  override readonly severity = 'info';
  override readonly httpStatus = 421;

  constructor(host: string) {
    super(
      `This server does not answer for the host "${host.slice(0, 200)}". ALLOWED_HOSTS lists those it does.`,
    );
  }
}

export class HttpsRequiredError extends GleanerError {
  readonly code = 'http.https_required';
  readonly title = 'HTTPS required';
  override readonly severity = 'info';
  override readonly httpStatus = 403;

  constructor() {
    super(
      'Requests that change something or carry a key are accepted over https only. A key that came without TLS should be replaced.',
    );
  }
}

export class CrossSiteError extends GleanerError {
  readonly code = 'http.cross_site';
  readonly title = 'Cross-site request';
  override readonly severity = 'info';
  override readonly httpStatus = 403;

  constructor() {
    super(
      'Pages of other sites may not change anything here. If this is yours, list its origin in CORS_ORIGINS.',
    );
  }
}

export class HandlerTimeoutError extends GleanerError {
  readonly code = 'http.timeout';
  readonly title = 'Time-out';
  override readonly severity = 'warning';
  override readonly retryable = true;
  override readonly httpStatus = 503;
  override readonly retryAfterSeconds = 5;

  constructor(ms: number) {
    super(`The answer was not ready within ${ms} ms.`);
  }
}
