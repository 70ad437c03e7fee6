import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { monitorEventLoopDelay } from 'node:perf_hooks';

/** The histogram's timer fires so often; it counts the whole time between two of them. */
const RESOLUTION_MS = 10;

export interface Vitals {
  readonly rssBytes: number;
  readonly cpu: number;
  readonly eventLoopLagMs: number;
}

/** What the process uses, measured from one {@link renew} to the next. */
@Injectable()
export class ProcessVitals implements OnApplicationShutdown {
  private readonly delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  private usage = process.cpuUsage();
  private since = performance.now();
  private newest: Vitals = { rssBytes: process.memoryUsage.rss(), cpu: 0, eventLoopLagMs: 0 };

  constructor() {
    this.delay.enable();
  }

  onApplicationShutdown(): void {
    this.delay.disable();
  }

  /** As they were at the last {@link renew}. */
  get last(): Vitals {
    return this.newest;
  }

  renew(): void {
    const now = performance.now();
    const { user, system } = process.cpuUsage(this.usage);
    const elapsedMs = Math.max(1, now - this.since);
    const lagMs = this.delay.count === 0 ? 0 : this.delay.percentile(99) / 1e6 - RESOLUTION_MS;
    this.newest = {
      rssBytes: process.memoryUsage.rss(),
      cpu: round((user + system) / 1000 / elapsedMs),
      eventLoopLagMs: round(Math.max(0, lagMs)),
    };
    this.delay.reset();
    this.usage = process.cpuUsage();
    this.since = now;
  }
}

const round = (value: number): number => Math.round(value * 1000) / 1000;
