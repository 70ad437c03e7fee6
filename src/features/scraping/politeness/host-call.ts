import type { Held } from './held-permits.js';
import type { Terms } from './host-policy.js';
import { type Refusal, REFUSALS } from './lua/host-grants.lua.js';

/** In one call at most: Redis does nothing else meanwhile, about 10 µs a host and 2 µs a permit. */
const MAX_HOSTS = 64;
const MAX_LEAVES = 500;
const MAX_RENEWALS = 500;

/** What the script is told about a permit that is given back. Times in microseconds. */
export interface Leave {
  readonly host: string;
  readonly id: string;
  readonly kind: 'answered' | 'failed' | 'throttled' | 'unused';
  /** When the request began, on Redis's clock. */
  readonly started: number;
  /** Until the answer came, its status, and what AutoThrottle makes of them. */
  readonly latency?: number;
  readonly status?: number;
  readonly target?: number;
  readonly least?: number;
  readonly most?: number;
  /** After which time the host wants to be asked again. */
  readonly after?: number | undefined;
}

/** Permits that a question may have been granted, of which nobody has heard: `<id>:1` to `<id>:<count>`. */
export interface Lost {
  readonly host: string;
  readonly id: string;
  readonly count: number;
}

/** Those in this process who wait for a host on the same terms. */
export interface Asker {
  /** Unique in this process. */
  readonly number: number;
  readonly host: string;
  readonly terms: Terms;
  /** Their question is about to be sent, for so many at most. @returns for how many; 0: there is none any more. */
  begin(atMost: number): number;
  hear(answer: Answer): void;
}

export interface Answer {
  /** Permits are called `<id>:1` to `<id>:<granted>`. */
  readonly id: string;
  readonly granted: number;
  /** When the question was sent, by `performance.now()`. */
  readonly askedAt: number;
  /** When they began, in microseconds on Redis's clock. */
  readonly started: number;
  /** What keeps the others waiting. */
  readonly refusal: Refusal;
  /** Until when, if that is known; else 0. */
  readonly waitMs: number;
}

/** How often the circuit of a host changed, because of what this process has told or asked. */
export interface Transitions {
  readonly opened: number;
  readonly probed: number;
  readonly closed: number;
}

interface Question extends Lost {
  /** The asker as the whole cluster knows it. */
  readonly by: string;
  readonly asker: Asker;
}

/** One host's part of a call. */
class Part {
  readonly lost: Lost[] = [];
  readonly leaves: Leave[] = [];
  readonly held: Held[] = [];
  readonly questions: Question[] = [];

  toJSON(): object {
    const { lost, leaves, questions } = this;
    const held = this.held.map(({ id }) => id);
    const asks = questions.map(({ id, by, count, asker: { terms } }) => ({ id, by, count, ...terms }));
    return { lost, leaves, held, asks };
  }
}

/** What is said to Redis in one call: about each host what became of its requests, which go on, and who wants to start others. */
export class HostCall {
  readonly sentAt = performance.now();
  private readonly parts = new Map<string, Part>();
  private leaves = 0;
  private renewals = 0;

  get isEmpty(): boolean {
    return this.parts.size === 0;
  }

  /** The permits that it renews. */
  get held(): readonly Held[] {
    return this.renewals === 0 ? [] : [...this.parts.values()].flatMap(({ held }) => held);
  }

  get hosts(): readonly string[] {
    return [...this.parts.keys()];
  }

  /** @returns whether there was room. */
  addLeave(leave: Leave): boolean {
    if (this.leaves >= MAX_LEAVES || !this.hasRoomFor(leave.host)) return false;
    this.leaves++;
    this.partOf(leave.host).leaves.push(leave);
    return true;
  }

  /** @returns whether there was room. */
  addHeld(permit: Held): boolean {
    if (this.renewals >= MAX_RENEWALS || !this.hasRoomFor(permit.host)) return false;
    this.renewals++;
    this.partOf(permit.host).held.push(permit);
    return true;
  }

  /** @returns whether there was room. */
  addLost(lost: Lost): boolean {
    if (!this.hasRoomFor(lost.host)) return false;
    this.partOf(lost.host).lost.push(lost);
    return true;
  }

  hasRoomFor(host: string): boolean {
    return this.parts.size < MAX_HOSTS || this.parts.has(host);
  }

  addQuestion(question: Omit<Question, 'host'>): void {
    const { host } = question.asker;
    this.partOf(host).questions.push({ host, ...question });
  }

  toJSON(): object {
    return [...this.parts.values()];
  }

  /** Hands the answer of the script to those who asked. */
  deliver(answer: readonly number[], onTransitions: (host: string, transitions: Transitions) => void): void {
    const [started = 0] = answer;
    let at = 1;
    const next = (): number => answer[at++] ?? 0;
    for (const [host, { questions }] of this.parts) {
      const [opened, probed, closed] = [next(), next(), next()];
      if (opened + probed + closed > 0) onTransitions(host, { opened, probed, closed });
      for (const { asker, id } of questions) {
        const granted = next();
        const refusal = REFUSALS[next()] ?? 'none';
        asker.hear({ id, granted, askedAt: this.sentAt, started, refusal, waitMs: Math.ceil(next() / 1000) });
      }
    }
  }

  /** All that has to be said again. */
  unsaid(): { lost: Lost[]; leaves: Leave[]; questions: Question[] } {
    const parts = [...this.parts.values()];
    return {
      lost: parts.flatMap(({ lost }) => lost),
      leaves: parts.flatMap(({ leaves }) => leaves),
      questions: parts.flatMap(({ questions }) => questions),
    };
  }

  private partOf(host: string): Part {
    let part = this.parts.get(host);
    if (!part) this.parts.set(host, (part = new Part()));
    return part;
  }
}
