import { Logger } from '@nestjs/common';
import { type AlertMessage, headline } from '../message.js';
import type { AlertChannel } from './channel.js';

/** The log, which there always is. Not at level error: an alert about errors would be one itself. */
export class LogChannel implements AlertChannel {
  readonly name = 'log';
  readonly oneByOne = false;
  private readonly logger = new Logger('Alerts');

  accepts(): boolean {
    return true;
  }

  deliver(message: AlertMessage): Promise<void> {
    const { kind, rule, severity, alerts, runbook, details } = message;
    const line = { rule, severity, runbook, labels: alerts.map(({ labels }) => labels), details };
    if (kind === 'resolved' || kind === 'test') this.logger.log(line, headline(message));
    else this.logger.warn(line, headline(message));
    return Promise.resolve();
  }
}
