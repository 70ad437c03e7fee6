import type { Leave } from './host-call.js';
import type { Held } from './held-permits.js';
import { type HostOutcome, type Permit, type Terms, within } from './host-policy.js';
import { PermitLostError } from './politeness.errors.js';

const HOUR_MS = 3_600_000;

/** A slot of a host that this process holds. */
export class HostPermit implements Permit, Held {
  private readonly losing = new AbortController();
  private isOver = false;

  constructor(
    readonly host: string,
    private readonly terms: Terms,
    readonly id: string,
    /** When the request may begin, in microseconds on Redis's clock. */
    readonly started: number,
    private readonly giveBack: (leave: Leave) => void,
  ) {}

  get signal(): AbortSignal {
    return this.losing.signal;
  }

  lose(): void {
    this.losing.abort(new PermitLostError(this.host));
  }

  leave(outcome: HostOutcome): void {
    if (this.isOver) return;
    this.isOver = true;
    const { host, id, started } = this;
    this.giveBack({ host, id, kind: outcome.kind, started, ...this.detailsOf(outcome) });
  }

  private detailsOf(outcome: HostOutcome): Partial<Leave> | undefined {
    if (outcome.kind === 'throttled') {
      const { retryAfterMs = 0 } = outcome;
      // "At once", or a date that has passed, says nothing about how long to wait.
      return retryAfterMs > 0 ? { after: Math.ceil(within(retryAfterMs, 0, HOUR_MS) * 1000) } : undefined;
    }
    if (outcome.kind !== 'answered' || this.terms.target === undefined) return undefined;
    const { interval, target, most } = this.terms;
    const latency = Math.round(within(outcome.latencyMs, 0, HOUR_MS) * 1000);
    return { latency, status: outcome.status, target, least: interval, most };
  }
}
