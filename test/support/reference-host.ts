/** On what terms a reference host is asked. Times in microseconds. */
export interface ReferenceTerms {
  interval: number;
  burst: number;
  concurrency: number;
  target?: number;
  most?: number;
}

export interface ReferenceLeave {
  kind: 'answered' | 'failed' | 'throttled' | 'unused';
  latency?: number;
  status?: number;
  after?: number;
}

interface Held {
  started: number;
  expires: number;
  terms: ReferenceTerms;
}

type Circuit =
  | { is: 'closed'; failures: number; wellAt: number }
  | { is: 'open'; until: number; cooldown: number; probe: string | undefined };

const SECOND = 1_000_000;
const TURN = SECOND / 2;

/**
 * A host as the documentation describes it, one decision at a time: a leaky bucket that drains, a table of who holds
 * what, a circuit with named states. Written without looking at the script, so that the two can be compared.
 */
export class ReferenceHost {
  events = { opened: 0, probed: 0, closed: 0 };
  private now = 0;
  /** What is in the leaky bucket: starts, each as long as its interval. */
  private level = 0;
  private readonly held = new Map<string, Held>();
  private circuit: Circuit = { is: 'closed', failures: 0, wellAt: 0 };
  private pause = { until: 0, since: 0, bursts: 0 };
  private delay = 0;
  /** Who was refused a slot, in this order. */
  private readonly line: string[] = [];
  /** Since when a slot is kept for the first in the line. */
  private keptSince: number | undefined;

  constructor(
    private readonly settings: { lease: number; failures: number; cooldown: number; longestCooldown: number },
  ) {}

  moveTo(now: number): void {
    this.level = Math.max(0, this.level - (now - this.now));
    this.now = now;
    for (const [id, { expires }] of this.held) if (expires <= now) this.held.delete(id);
    this.events = { opened: 0, probed: 0, closed: 0 };
  }

  /** @returns how many may start, what keeps the rest, and for how long. */
  ask(id: string, who: string, count: number, terms: ReferenceTerms): [number, string, number] {
    const reserved = this.isSlotKept(who, terms) ? 1 : 0;
    let granted = 0;
    let [reason, wait]: [string, number] = ['none', 0];
    while (granted < count) {
      [reason, wait] = this.obstacle(terms, reserved);
      if (reason !== 'none') break;
      granted++;
      this.start(`${id}:${granted}`, terms);
    }
    if (granted > 0) this.leaveLine(who);
    else if (reason === 'concurrency' && !this.line.includes(who)) this.line.push(who);
    return [granted, reason, wait];
  }

  leave(id: string, { kind, latency = 0, status = 200, after }: ReferenceLeave): void {
    const permit = this.held.get(id);
    if (!permit) return;
    this.held.delete(id);
    const { circuit } = this;
    const wasProbe = circuit.is === 'open' && circuit.probe === id;
    if (wasProbe) circuit.probe = undefined;
    if (kind === 'answered') {
      if (permit.started >= this.pause.since) this.pause.bursts = 0;
      this.adapt(permit.terms, latency, status);
      if (circuit.is === 'closed' || wasProbe) {
        if (wasProbe) this.events.closed++;
        this.circuit = { is: 'closed', failures: 0, wellAt: this.now };
      }
    } else if (kind === 'failed') {
      if (circuit.is === 'open') {
        if (wasProbe) this.open(Math.min(circuit.cooldown * 2, this.settings.longestCooldown));
      } else if (permit.started >= circuit.wellAt && ++circuit.failures === this.settings.failures)
        this.open(this.settings.cooldown);
    } else if (kind === 'throttled') this.throttle(permit.started, after);
  }

  /** It goes on, even if that was not known. */
  renew(id: string, started: number, terms: ReferenceTerms): void {
    this.held.set(id, { started, expires: this.now + this.settings.lease, terms });
  }

  /** Whether one of the free slots is not for this asker; somebody for whom it was kept for too long has gone. */
  private isSlotKept(who: string, terms: ReferenceTerms): boolean {
    const [first] = this.line;
    if (first === undefined || first === who) return false;
    if (this.held.size >= terms.concurrency || this.obstacle(terms, 0)[0].match(/retry|circuit|probing/))
      return false;
    this.keptSince ??= this.now;
    if (this.now - this.keptSince < TURN) return true;
    this.leaveLine(first);
    return false;
  }

  private leaveLine(who: string): void {
    const place = this.line.indexOf(who);
    if (place === 0) this.keptSince = undefined;
    if (place !== -1) this.line.splice(place, 1);
  }

  private obstacle(terms: ReferenceTerms, reserved: number): [string, number] {
    const { circuit, now } = this;
    const paused = this.pause.until - now;
    const open = circuit.is === 'open' ? circuit.until - now : 0;
    if (paused > 0 && paused >= open) return ['retry_after', paused];
    if (open > 0) return ['circuit_open', open];
    const probe = circuit.is === 'open' && circuit.probe ? this.held.get(circuit.probe) : undefined;
    if (probe) return ['probing', probe.expires - now];
    if (this.held.size + reserved >= terms.concurrency) return ['concurrency', 0];
    const interval = this.intervalOf(terms);
    const over = this.level + interval - terms.burst * interval;
    if (interval > 0 && over > 0) return ['rate', over];
    return ['none', 0];
  }

  private start(id: string, terms: ReferenceTerms): void {
    this.level += this.intervalOf(terms);
    this.held.set(id, { started: this.now, expires: this.now + this.settings.lease, terms });
    if (this.circuit.is === 'open') {
      this.circuit.probe = id;
      this.events.probed++;
    }
  }

  private open(cooldown: number): void {
    this.circuit = { is: 'open', until: this.now + cooldown, cooldown, probe: undefined };
    this.events.opened++;
  }

  private throttle(started: number, after: number | undefined): void {
    let pause = after;
    if (started >= this.pause.since) {
      this.pause.since = this.now;
      pause ??= [1, 2, 4, 8, 16, 32, 60][Math.min(this.pause.bursts, 6)]! * SECOND;
      this.pause.bursts++;
    }
    if (pause !== undefined) this.pause.until = Math.max(this.pause.until, this.now + pause);
  }

  private adapt({ interval, target, most = 0 }: ReferenceTerms, latency: number, status: number): void {
    if (target === undefined) return;
    const old = Math.max(this.delay, interval);
    const wanted = latency / target;
    const delay = Math.max(interval, Math.min(most, Math.max(wanted, (old + wanted) / 2)));
    if (status === 200 || delay > old) this.delay = Math.floor(delay);
  }

  private intervalOf({ interval, most }: ReferenceTerms): number {
    return most === undefined ? interval : Math.max(interval, Math.min(this.delay, most));
  }
}
