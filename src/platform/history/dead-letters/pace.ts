import { setTimeout as delay } from 'node:timers/promises';

/** Time that was not used is made up for, up to this. */
const CATCH_UP_MS = 1000;

/** Hands out turns, so many a second, to one who asks for them one after another. */
export class Pace {
  private next = performance.now();

  constructor(private readonly ratePerSecond: number) {}

  /** Resolves when it is the caller's turn, or `signal` is aborted. */
  async turn(signal?: AbortSignal): Promise<void> {
    const ms = this.next - performance.now();
    if (ms > 0) await delay(ms, undefined, signal && { signal }).catch(() => undefined);
    this.next = Math.max(this.next, performance.now() - CATCH_UP_MS) + 1000 / this.ratePerSecond;
  }
}
