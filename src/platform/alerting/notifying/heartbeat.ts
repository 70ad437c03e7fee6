import { Inject, Injectable, Logger } from '@nestjs/common';
import { messageOf } from '../../../core/errors/index.js';
import { type AlertingConfig, alertingConfig } from '../alerting.config.js';
import { postJson } from './channels/post-json.js';

const EVERY_MS = 60_000;

/**
 * The dead-man's switch: asks a URL of somebody else, who notices when that stops. It is asked after rules were evaluated,
 * so that it stops when they are not, for whatever reason.
 */
@Injectable()
export class Heartbeat {
  private readonly logger = new Logger(Heartbeat.name);
  private lastAt = Number.NEGATIVE_INFINITY;

  constructor(@Inject(alertingConfig.token) private readonly config: AlertingConfig) {}

  async beat(): Promise<void> {
    const { heartbeatUrl } = this.config;
    if (heartbeatUrl === undefined || performance.now() - this.lastAt < EVERY_MS) return;
    this.lastAt = performance.now();
    try {
      await postJson(heartbeatUrl, '{}');
    } catch (error) {
      this.logger.warn(`the heartbeat of alerting did not arrive: ${messageOf(error)}`);
    }
  }
}
