import { Inject, Injectable } from '@nestjs/common';
import { createHash, timingSafeEqual } from 'node:crypto';
import { type MetricsConfig, metricsConfig } from './metrics.config.js';

/** Who may read the metrics: everybody, or who presents the one token. */
@Injectable()
export class MetricsAccess {
  private readonly expected: Buffer | undefined;

  constructor(@Inject(metricsConfig.token) { token }: MetricsConfig) {
    this.expected = token === undefined ? undefined : digest(token);
  }

  /** @param authorization the header. */
  allows(authorization: string | undefined): boolean {
    if (!this.expected) return true;
    const [, token = ''] = /^Bearer +(\S+) *$/i.exec(authorization ?? '') ?? [];
    // Digests are equally long, which comparing in constant time needs.
    return timingSafeEqual(digest(token), this.expected);
  }
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
