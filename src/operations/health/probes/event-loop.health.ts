import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { type Findings, type HealthProbe, Probe } from '../../../core/probes/index.js';
import { EventLoopDelay } from '../../../core/process/index.js';

/** Then everybody who asks waits for something that does not give way. */
const MOST_MS = 500;

/** How long what is due has waited for its turn since the last check. */
@Injectable()
@Probe({ name: 'event_loop', timeoutMs: 5000, cacheMs: 5000, essential: false })
export class EventLoopProbe implements HealthProbe, OnApplicationShutdown {
  private readonly delay = new EventLoopDelay();

  onApplicationShutdown(): void {
    this.delay.stop();
  }

  async check(): Promise<Findings> {
    const lagMs = Math.round(this.delay.take());
    return { lagMs, ...(lagMs > MOST_MS && { reason: 'event_loop.blocked' }) };
  }
}
