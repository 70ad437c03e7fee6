import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { messageOf } from '../../core/errors/index.js';
import { Loop } from '../../core/loop/index.js';
import { TIMED_KINDS, Timings } from '../../core/performance/index.js';
import { TimingStore } from './timing-store.js';

const EVERY_MS = 10_000;

/** Adds every ten seconds what this process has timed to what all have. Nothing waits for it. */
@Injectable()
export class TimingPublisher implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(TimingPublisher.name);
  private readonly loop = new Loop(EVERY_MS, async () => this.runOnce());
  private isFailing = false;

  constructor(
    private readonly timings: Timings,
    private readonly store: TimingStore,
  ) {}

  onApplicationBootstrap(): void {
    this.loop.start();
  }

  /** While connections are still open. */
  async onApplicationShutdown(): Promise<void> {
    await this.loop.stop();
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
}
