import type { Politeness } from '../../sources/index.js';

/** Requests of a run that a process holds at once, whatever its hosts allow. */
const MAX_HELD = 256;
/** A host's share lasts about this long, so that what waits here is not long away from other workers. */
const AHEAD_MS = 2000;

/** What one process has leased of a run, and how much more it should lease: enough to be busy, and not much more. */
export class HeldRequests {
  readonly perHost: number;
  private readonly byHost = new Map<string, number>();
  private count = 0;

  constructor({ downloadDelayMs, concurrentRequests }: Politeness) {
    const pace = downloadDelayMs > 0 ? Math.ceil(AHEAD_MS / downloadDelayMs) : Infinity;
    this.perHost = Math.max(2, Math.min(pace, 4 * concurrentRequests, MAX_HELD));
  }

  get size(): number {
    return this.count;
  }

  /** How many more it may hold in all. */
  get room(): number {
    return MAX_HELD - this.count;
  }

  /** Hosts that have enough to do. */
  get busyHosts(): string[] {
    return [...this.byHost].filter(([, held]) => held > this.perHost / 2).map(([host]) => host);
  }

  add(host: string): void {
    this.count++;
    this.byHost.set(host, (this.byHost.get(host) ?? 0) + 1);
  }

  /** The host has less to do. @returns whether it now has room for more. */
  visited(host: string): boolean {
    const left = (this.byHost.get(host) ?? 0) - 1;
    if (left > 0) this.byHost.set(host, left);
    else this.byHost.delete(host);
    return left <= this.perHost / 2;
  }

  /** These have ended, and are not ours any more. */
  ended(count: number): void {
    this.count -= count;
  }
}
