/** What has happened to a permit when so much of its lease has passed since Redis knew of it the last time. */
const LEASE_PARTS = { renewed: 0.2, lost: 0.8 };
/** How often that is looked at, in parts of a lease. */
const LOOK = 0.1;

/** A permit whose request is under way. */
export interface Held {
  readonly host: string;
  readonly id: string;
  /** It may be another's from now on. */
  lose(): void;
}

interface Entry {
  readonly permit: Held;
  /** By `performance.now()`: its lease in Redis began then, or later. Infinity once it is lost. */
  since: number;
}

/**
 * The permits of this process until they are given back. A lease is short, so that a host does not wait long for those
 * of a process that was killed; who lives has it renewed. When that does not succeed, the permit is lost here before
 * it can be another's, by this process's clock, which needs not agree with Redis's but on how long a second is.
 */
export class HeldPermits {
  private readonly entries = new Map<string, Entry>();
  private readonly due = new Set<Entry>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly leaseMs: number,
    private readonly on: { readonly due: () => void; readonly lost: (count: number) => void },
  ) {}

  /** Lost ones included: their requests have not ended yet. */
  get size(): number {
    return this.entries.size;
  }

  get hasDue(): boolean {
    return this.due.size > 0;
  }

  /** Who hears of a permit later than this after having asked would have to renew it before it begins. */
  get mostLateMs(): number {
    return this.leaseMs * LEASE_PARTS.renewed;
  }

  /** @param since when it was asked for, by `performance.now()`. */
  add(permit: Held, since: number): void {
    this.entries.set(permit.id, { permit, since });
    this.timer ??= setInterval(() => this.look(), this.leaseMs * LOOK).unref();
  }

  remove(id: string): void {
    const entry = this.entries.get(id);
    if (!entry) return;
    this.entries.delete(id);
    this.due.delete(entry);
  }

  /** @param renew takes a permit that has to be renewed, unless it has no room for it. */
  renewDue(renew: (permit: Held) => boolean): void {
    if (!this.hasDue) return;
    // A process that was frozen gets here before it gets to its timers.
    this.loseThoseOver();
    for (const entry of this.due) {
      if (!renew(entry.permit)) return;
      this.due.delete(entry);
    }
  }

  /** Redis knows of these since. */
  renewed(permits: readonly Held[], since: number): void {
    for (const { id } of permits) {
      const entry = this.entries.get(id);
      if (!entry) continue;
      entry.since = Math.max(entry.since, since);
      this.due.delete(entry);
    }
  }

  clear(): void {
    this.entries.clear();
    this.due.clear();
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private look(): void {
    if (this.entries.size === 0) return this.clear();
    this.loseThoseOver();
    const over = performance.now() - this.leaseMs * LEASE_PARTS.renewed;
    for (const entry of this.entries.values()) if (entry.since <= over) this.due.add(entry);
    if (this.hasDue) this.on.due();
  }

  private loseThoseOver(): void {
    const over = performance.now() - this.leaseMs * LEASE_PARTS.lost;
    const lost = [...this.entries.values()].filter(({ since }) => since <= over);
    for (const entry of lost) {
      entry.since = Infinity;
      this.due.delete(entry);
      entry.permit.lose();
    }
    if (lost.length > 0) this.on.lost(lost.length);
  }
}
