import { GleanerError } from '../../core/errors/index.js';

export const CHALLENGE = { 'WWW-Authenticate': 'Bearer realm="gleaner metrics"' };

/** METRICS_TOKEN is set, and what was presented is another, or nothing. */
export class MetricsTokenError extends GleanerError {
  readonly code = 'metrics.token_required';
  readonly title = 'Token required';
  override readonly severity = 'info';
  override readonly httpStatus = 401;
  override readonly headers = CHALLENGE;

  constructor() {
    super('Metrics need the token of this installation. Send it as "Authorization: Bearer <token>".');
  }
}
