import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { type Findings, type HealthProbe, Probe } from '../../../core/probes/index.js';

const RESOLUTION_MS = 20;
/** Then everybody who asks waits for something that does not give way. */
const MOST_MS = 500;

/** How long what is due waits for its turn: the 99th percentile since the last check. */
@Injectable()
@Probe({ name: 'event_loop', timeoutMs: 5000, cacheMs: 5000, essential: false })
export class EventLoopProbe implements HealthProbe, OnApplicationShutdown {
  private readonly delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

  constructor() {
    this.delay.enable();
  }

  onApplicationShutdown(): void {
    this.delay.disable();
  }

  async check(): Promise<Findings> {
    const measured = this.delay.count === 0 ? 0 : this.delay.percentile(99) / 1e6 - RESOLUTION_MS;
    this.delay.reset();
    const lagMs = Math.max(0, Math.round(measured));
    return { lagMs, ...(lagMs > MOST_MS && { reason: 'event_loop.blocked' }) };
  }
}
