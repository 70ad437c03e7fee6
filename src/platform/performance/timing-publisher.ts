import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { messageOf } from '../../core/errors/index.js';
import { TIMED_KINDS, Timings } from '../../core/performance/index.js';
import { TimingStore } from './timing-store.js';

const EVERY_MS = 10_000;

/** Adds every ten seconds what this process has timed to what all have. Nothing waits for it. */
@Injectable()
export class TimingPublisher implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(TimingPublisher.name);
  private timer: NodeJS.Timeout | undefined;
  private hasEnded = false;
  private isFailing = false;

  constructor(
    private readonly timings: Timings,
    private readonly store: TimingStore,
  ) {}

  onApplicationBootstrap(): void {
    this.schedule();
  }

  /** While connections are still open. */
  async onApplicationShutdown(): Promise<void> {
    this.hasEnded = true;
    clearTimeout(this.timer);
    await this.runOnce();
  }

  async runOnce(): Promise<void> {
    const taken = this.timings.take();
    try {
      for (const kind of TIMED_KINDS) await this.store.add(kind, taken[kind]);
      this.isFailing = false;
    } catch (error) {
      // One line for the beginning of an outage is enough. Not kept: Redis may have taken it before it failed.
      if (!this.isFailing) this.logger.warn(`what is slow could not be told: ${messageOf(error)}`);
      this.isFailing = true;
    }
  }

  private schedule(): void {
    this.timer = setTimeout(() => {
      void this.runOnce().then(() => {
        if (!this.hasEnded) this.schedule();
      });
    }, EVERY_MS);
  }
}
