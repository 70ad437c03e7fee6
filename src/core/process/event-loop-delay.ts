import { monitorEventLoopDelay } from 'node:perf_hooks';

/** The histogram's timer fires so often; it counts the whole time between two of them. */
const RESOLUTION_MS = 10;

/** How long what is due waits for its turn. Measures until it is stopped. */
export class EventLoopDelay {
  private readonly delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

  constructor() {
    this.delay.enable();
  }

  stop(): void {
    this.delay.disable();
  }

  /** Milliseconds: the 99th percentile since it was last taken. */
  take(): number {
    const lagMs = this.delay.count === 0 ? 0 : this.delay.percentile(99) / 1e6 - RESOLUTION_MS;
    this.delay.reset();
    return Math.max(0, lagMs);
  }
}
