/** What a queue is worth, by name: while several have tasks, each begins its share of them. */
export type Weights<Q extends string> = Readonly<Record<Q, number>>;

interface Lane<Q> {
  readonly name: Q;
  readonly weight: number;
  open: boolean;
  active: number;
  /** How far it is ahead of what its weight entitles it to: the lowest is served first. */
  pass: number;
  waiting: ((granted: number) => void) | undefined;
  wanted: number;
}

/**
 * The slots of a worker, shared by its queues.
 *
 * Stride scheduling (Waldspurger and Weihl, 1995): each task that a queue begins moves its pass on by 1/weight, and of
 * the queues that wait for a slot the one with the lowest pass is served. A queue that was idle comes back at the pass
 * of the others, so it saves nothing up. What one queue does not use the others may, but for a slot that is kept for each
 * queue without a running task (together a third of them at most), so that no flood of long tasks in one of them can
 * shut another out.
 */
export class SlotPool<Q extends string> {
  private readonly lanes: ReadonlyMap<Q, Lane<Q>>;

  /** @param size tasks that run at once, at least 0. */
  constructor(
    private slots: number,
    weights: Weights<Q>,
  ) {
    const names = Object.keys(weights) as Q[];
    this.lanes = new Map(
      names.map((name) => [
        name,
        { name, weight: weights[name], open: true, active: 0, pass: 0, waiting: undefined, wanted: 0 },
      ]),
    );
  }

  get size(): number {
    return this.slots;
  }

  get active(): number {
    let sum = 0;
    for (const lane of this.lanes.values()) sum += lane.active;
    return sum;
  }

  /** Whether a queue has more to begin than there are slots for it. */
  get isShort(): boolean {
    return [...this.lanes.values()].some(({ waiting }) => waiting !== undefined);
  }

  /** Running tasks above the new size go on; no others begin until they have ended. */
  resize(slots: number): void {
    this.slots = slots;
    this.serve();
  }

  /**
   * Waits for slots of a queue; one call a queue at a time.
   * @returns how many there are for it, from 1 to `wanted`; 0 when it is closed.
   */
  async admit(queue: Q, wanted: number): Promise<number> {
    const lane = this.lane(queue);
    if (lane.waiting) throw new Error(`queue ${queue} waits for a slot already`);
    if (!lane.open) return 0;
    return new Promise((resolve) => {
      lane.waiting = resolve;
      lane.wanted = wanted;
      this.catchUp(lane);
      this.serve();
    });
  }

  /** A slot for a task that has come already, if there is one at once. */
  tryAdmit(queue: Q): boolean {
    const lane = this.lane(queue);
    if (!lane.open || this.room(lane) < 1) return false;
    this.catchUp(lane);
    this.grant(lane, 1);
    return true;
  }

  release(queue: Q): void {
    this.lane(queue).active--;
    this.serve();
  }

  /** The queue wants no slots any more: none is kept for it, and its waiting ends. */
  close(queue: Q): void {
    const lane = this.lane(queue);
    lane.open = false;
    lane.waiting?.(0);
    lane.waiting = undefined;
    this.serve();
  }

  open(queue: Q): void {
    this.lane(queue).open = true;
  }

  private lane(queue: Q): Lane<Q> {
    const lane = this.lanes.get(queue);
    if (!lane) throw new Error(`there is no queue "${queue}"`);
    return lane;
  }

  private serve(): void {
    for (;;) {
      const candidates = [...this.lanes.values()].filter((lane) => lane.waiting && this.room(lane) > 0);
      const next = candidates.reduce<Lane<Q> | undefined>(
        (best, lane) => (best && this.precedence(best) <= this.precedence(lane) ? best : lane),
        undefined,
      );
      if (!next?.waiting) return;
      // Several at once only when nobody else waits: in turns it goes by one.
      const granted = candidates.length > 1 ? 1 : Math.min(next.wanted, this.room(next));
      const resolve = next.waiting;
      next.waiting = undefined;
      this.grant(next, granted);
      resolve(granted);
    }
  }

  /** What has no running task takes the slot that was kept for it; in a pool too small for that, its pass decides. */
  private precedence({ active, pass }: Lane<Q>): number {
    return active === 0 && this.slots >= 2 * this.lanes.size ? -1 : pass;
  }

  private grant(lane: Lane<Q>, count: number): void {
    lane.active += count;
    lane.pass += count / lane.weight;
  }

  /** Slots that the queue may take now. */
  private room(lane: Lane<Q>): number {
    const free = this.slots - this.active;
    let kept = 0;
    for (const other of this.lanes.values())
      if (other !== lane && other.open && other.active === 0 && !other.waiting) kept++;
    return free - Math.min(kept, Math.floor(this.slots / this.lanes.size));
  }

  /** Whoever was away does not get what it has missed. */
  private catchUp(lane: Lane<Q>): void {
    const busy = [...this.lanes.values()].filter(
      (other) => other !== lane && (other.active > 0 || other.waiting),
    );
    if (lane.active > 0 || busy.length === 0) return;
    lane.pass = Math.max(lane.pass, Math.min(...busy.map(({ pass }) => pass)));
  }
}
