import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { messageOf } from '../../../core/errors/index.js';
import { ControllableWorker } from '../../queues/index.js';
import { HeartbeatMetrics } from '../workers.metrics.js';
import { ProcessVitals } from './process-vitals.js';
import { WorkerReport } from './worker-report.js';
import { WorkerStore } from './worker-store.js';

const EVERY_MS = 3000;

/**
 * Tells every three seconds that this worker lives, and at the end that it ends.
 *
 * The next heartbeat is due three seconds after the last was answered, or has failed, which it does within two: so
 * there is one at a time, however long Redis is away.
 */
@Injectable()
export class Heartbeat implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(Heartbeat.name);
  private timer: NodeJS.Timeout | undefined;
  private isUnderWay = false;
  private hasEnded = false;
  private isFailing = false;

  constructor(
    private readonly store: WorkerStore,
    private readonly worker: ControllableWorker,
    private readonly report: WorkerReport,
    private readonly vitals: ProcessVitals,
    private readonly metrics: HeartbeatMetrics,
  ) {}

  onApplicationBootstrap(): void {
    void this.runOnce();
  }

  /** After the tasks have ended, while connections are still open: it goes on while the worker drains. */
  async onApplicationShutdown(): Promise<void> {
    this.hasEnded = true;
    clearTimeout(this.timer);
    await this.tell({ ends: true });
  }

  /** Something has changed that nobody should wait three seconds to see. */
  beatSoon(): void {
    if (this.isUnderWay || this.hasEnded) return;
    clearTimeout(this.timer);
    void this.runOnce();
  }

  async runOnce(): Promise<void> {
    this.isUnderWay = true;
    this.vitals.renew();
    await this.tell();
    this.isUnderWay = false;
    if (!this.hasEnded) this.timer = setTimeout(() => void this.runOnce(), EVERY_MS);
  }

  private async tell(options?: { ends: boolean }): Promise<void> {
    try {
      await this.store.beat(this.worker.id, this.report.facts(), options);
      if (this.isFailing) this.logger.log('heartbeats arrive again');
      this.isFailing = false;
    } catch (error) {
      this.metrics.errors.inc();
      // One line for the beginning of an outage is enough.
      if (!this.isFailing)
        this.logger.warn(`heartbeats do not arrive: ${messageOf(error)}; this worker will seem offline`);
      this.isFailing = true;
    }
  }
}
