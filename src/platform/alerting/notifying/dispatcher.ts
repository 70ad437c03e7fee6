import { type BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { WorkUnits } from '../../../core/performance/index.js';
import { messageOf } from '../../../core/errors/index.js';
import { Periodic, type PeriodicWork } from '../../scheduling/index.js';
import { DeliveryError } from '../alerting.errors.js';
import { AlertingMetrics } from '../alerting.metrics.js';
import { ALERT_CHANNELS, type AlertChannel } from './channels/channel.js';
import { type Due, markFailed, markSent, takeMessages } from './outbox.js';

/** 5, 10, 20 … seconds, at most five minutes: about an hour in all, after which nobody waits for the message any more. */
const BACKOFF_SECONDS = 5;
const MAX_BACKOFF_SECONDS = 300;
const MAX_ATTEMPTS = 18;
const MAX_ERROR = 500;

/**
 * Delivers what was written for the channels, each channel by itself: one that hangs or fails holds up no other, nor
 * the evaluation. A message is delivered at least once; it carries the same id each time.
 */
@Injectable()
@Periodic({ name: 'deliver-alerts', everyMs: 1000 })
export class Dispatcher implements PeriodicWork, BeforeApplicationShutdown {
  private readonly logger = new Logger(Dispatcher.name);
  private readonly underWay = new Map<string, Promise<void>>();

  constructor(
    private readonly dataSource: DataSource,
    private readonly units: WorkUnits,
    private readonly metrics: AlertingMetrics,
    @Inject(ALERT_CHANNELS) private readonly channels: readonly AlertChannel[],
  ) {}

  /** Sets channels to work that are not at it; waits for none of them. */
  runOnce(): Promise<void> {
    for (const channel of this.channels) {
      const { name } = channel;
      if (this.underWay.has(name)) continue;
      const work = this.units
        .run('batch', 'deliver-alerts', async () => this.deliverAll(channel))
        .catch((error: unknown) =>
          this.logger.error({ err: error, channel: name }, 'alerts are not delivered'),
        )
        .finally(() => this.underWay.delete(name));
      this.underWay.set(name, work);
    }
    return Promise.resolve();
  }

  /** What is on its way arrives; what is not will be sent by others, or later. */
  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all(this.underWay.values());
  }

  private async deliverAll(channel: AlertChannel): Promise<void> {
    for (const due of await takeMessages(this.dataSource, channel.name)) await this.deliver(channel, due);
  }

  private async deliver(channel: AlertChannel, due: Due): Promise<void> {
    try {
      await channel.deliver(due.message, `alert-${due.seq}`);
      await markSent(this.dataSource, due);
      this.metrics.notifications.inc({ channel: channel.name, result: 'sent' });
    } catch (error) {
      await this.retry(channel, due, error);
    }
  }

  private async retry(channel: AlertChannel, due: Due, error: unknown): Promise<void> {
    const isWorthIt = !(error instanceof DeliveryError && !error.retryable) && due.attempts < MAX_ATTEMPTS;
    const backoff = Math.min(BACKOFF_SECONDS * 2 ** (due.attempts - 1), MAX_BACKOFF_SECONDS);
    const asked = error instanceof DeliveryError ? error.retryAfterSeconds : undefined;
    const afterSeconds = isWorthIt ? Math.max(backoff, asked ?? 0) : undefined;
    this.metrics.notifications.inc({ channel: channel.name, result: isWorthIt ? 'retried' : 'failed' });
    this.logger.warn(
      { channel: channel.name, rule: due.message.rule, attempt: due.attempts, afterSeconds },
      `an alert was not delivered${isWorthIt ? '' : ', and is given up'}: ${messageOf(error)}`,
    );
    await markFailed(this.dataSource, due, messageOf(error).slice(0, MAX_ERROR), afterSeconds);
  }
}
