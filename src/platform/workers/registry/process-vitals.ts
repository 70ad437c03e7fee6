import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { EventLoopDelay } from '../../../core/process/index.js';

export interface Vitals {
  readonly rssBytes: number;
  readonly cpu: number;
  readonly eventLoopLagMs: number;
}

/** What the process uses, measured from one {@link renew} to the next. */
@Injectable()
export class ProcessVitals implements OnApplicationShutdown {
  private readonly delay = new EventLoopDelay();
  private usage = process.cpuUsage();
  private since = performance.now();
  private newest: Vitals = { rssBytes: process.memoryUsage.rss(), cpu: 0, eventLoopLagMs: 0 };

  onApplicationShutdown(): void {
    this.delay.stop();
  }

  /** As they were at the last {@link renew}. */
  get last(): Vitals {
    return this.newest;
  }

  renew(): void {
    const now = performance.now();
    const { user, system } = process.cpuUsage(this.usage);
    const elapsedMs = Math.max(1, now - this.since);
    this.newest = {
      rssBytes: process.memoryUsage.rss(),
      cpu: round((user + system) / 1000 / elapsedMs),
      eventLoopLagMs: round(this.delay.take()),
    };
    this.usage = process.cpuUsage();
    this.since = now;
  }
}

const round = (value: number): number => Math.round(value * 1000) / 1000;
