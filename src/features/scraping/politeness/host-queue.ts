import type { Answer, Asker, Leave } from './host-call.js';
import { HostPermit } from './host-permit.js';
import { type HostPolicy, type Permit, type Terms, termsOf, within } from './host-policy.js';
import { type BlockReason, HostBlockedError } from './politeness.errors.js';
import type { PolitenessMetrics } from './politeness.metrics.js';

/** More in one question save nothing, and what the answer grants has to be begun at once. */
const MOST_IN_A_QUESTION = 64;
/** How often others are looked at who hold all slots, or probe; what happens in this process is seen at once. */
const POLL_MS = { least: 20, most: 250 };

interface Waiter {
  readonly since: number;
  /** Since when its host has been closed without a break. */
  closedSince: number | undefined;
  grant(permit: Permit): void;
  refuse(reason: unknown): void;
}

export interface HostQueueOptions {
  /** How long a caller waits for a host that is closed. */
  readonly patienceMs: number;
  readonly metrics: PolitenessMetrics;
  readonly ask: (asker: Asker) => void;
  readonly hold: (permit: HostPermit, askedAt: number) => void;
  readonly leave: (leave: Leave) => void;
  /** Nobody waits any more. */
  readonly onEmpty: (queue: HostQueue) => void;
}

/**
 * Those of this process who wait for one host on the same terms: first come, first served. One question is asked for
 * all of them, and asked again when something can have changed: when the time has come that Redis named, when
 * somebody here gives a permit of the host back, or from time to time while others hold them all.
 */
export class HostQueue implements Asker {
  readonly terms: Terms;
  private readonly waiters = new Set<Waiter>();
  private timer: NodeJS.Timeout | undefined;
  private isAsking = false;
  /** Whether it waits for others to give something back. */
  private isPolling = false;
  /** Whether something was given back that the question under way did not know of. */
  private hasNews = false;

  constructor(
    readonly number: number,
    readonly host: string,
    readonly policy: HostPolicy,
    private readonly options: HostQueueOptions,
  ) {
    this.terms = termsOf(policy);
  }

  async join(signal: AbortSignal): Promise<Permit> {
    return new Promise<Permit>((resolve, reject) => {
      const abort = (): void => {
        waiter.refuse(signal.reason);
        this.leaveIfEmpty();
      };
      const end = (): void => {
        this.waiters.delete(waiter);
        signal.removeEventListener('abort', abort);
      };
      const waiter: Waiter = {
        since: performance.now(),
        closedSince: undefined,
        grant: (permit) => {
          end();
          resolve(permit);
        },
        refuse: (reason) => {
          end();
          reject(reason);
        },
      };
      signal.addEventListener('abort', abort);
      this.waiters.add(waiter);
      if (!this.timer) this.ask();
    });
  }

  /** A permit of the host was given back in this process. */
  wake(): void {
    this.hasNews = true;
    if (this.isPolling) this.ask();
  }

  begin(atMost: number): number {
    this.hasNews = false;
    this.isAsking = this.waiters.size > 0;
    this.leaveIfEmpty();
    return Math.min(this.waiters.size, MOST_IN_A_QUESTION, atMost);
  }

  hear(answer: Answer): void {
    const { refusal, waitMs } = answer;
    this.isAsking = false;
    this.admit(answer);
    if (refusal === 'retry_after' || refusal === 'circuit_open') this.turnAway(refusal, waitMs, waitMs);
    else if (refusal === 'probing')
      this.turnAway('circuit_open', 0, Math.min(waitMs, this.options.patienceMs));
    else for (const waiter of this.waiters) waiter.closedSince = undefined;
    if (this.leaveIfEmpty()) return;
    if (refusal === 'none') this.ask();
    else if (refusal === 'concurrency' || refusal === 'probing') this.poll();
    else this.askIn(waitMs);
  }

  private admit({ id, granted, askedAt, started }: Answer): void {
    const now = performance.now();
    const waiters = this.waiters.values();
    for (let n = 1; n <= granted; n++) {
      const permit = new HostPermit(this.host, this.terms, `${id}:${n}`, started, this.options.leave);
      this.options.hold(permit, askedAt);
      const { value: waiter } = waiters.next();
      // Whoever it was asked for has gone meanwhile.
      if (!waiter) permit.leave({ kind: 'unused' });
      else {
        this.options.metrics.granted((now - waiter.since) / 1000);
        waiter.grant(permit);
      }
    }
  }

  /**
   * Refuses those who would have waited for a closed host for too long.
   * @param waitMs how much longer it is certainly closed.
   * @param againMs when they should come again.
   */
  private turnAway(reason: BlockReason, waitMs: number, againMs: number): void {
    const now = performance.now();
    for (const waiter of this.waiters) {
      waiter.closedSince ??= now;
      if (now + waitMs - waiter.closedSince <= this.options.patienceMs) continue;
      this.options.metrics.blocked(reason);
      waiter.refuse(new HostBlockedError(this.host, reason, againMs));
    }
  }

  private ask(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.isPolling = false;
    if (this.isAsking) return;
    this.isAsking = true;
    this.options.ask(this);
  }

  private poll(): void {
    if (this.hasNews) return this.ask();
    this.askIn(within(this.policy.delayMs, POLL_MS.least, POLL_MS.most) * (0.5 + Math.random() / 2));
    this.isPolling = true;
  }

  private askIn(ms: number): void {
    this.timer = setTimeout(() => this.ask(), ms);
  }

  /** @returns whether it has gone. */
  private leaveIfEmpty(): boolean {
    if (this.waiters.size > 0 || this.isAsking) return false;
    clearTimeout(this.timer);
    this.timer = undefined;
    this.options.onEmpty(this);
    return true;
  }
}
