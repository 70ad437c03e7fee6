import { ReplyError, type Redis } from 'ioredis';
import { randomBytes } from 'node:crypto';
import { withDeadline } from '../../../core/deadline/index.js';
import { type Held, HeldPermits } from './held-permits.js';
import { type Asker, HostCall, type Leave, type Lost, type Transitions } from './host-call.js';
import { type HostState, readHostState } from './host-state.js';
import { HOST_EXCHANGE } from './lua/host-exchange.lua.js';
import { circuitsKey } from './open-circuits.js';
import { RedisSilence } from './redis-silence.js';

/** What is kept while Redis is away. Of more than that the oldest is dropped: its leases run out soonest. */
const MAX_KEPT = 10_000;
const RETRY_MS = 250;
/** How long a host is remembered after the last thing that happened to it. */
const IDLE_MS = 3_600_000;
/** How long the last leaves may take on shutdown; after that their leases run out. */
const GOODBYE_MS = 1000;

export interface HostExchangeOptions {
  /** First part of every key. */
  readonly prefix: string;
  /** Milliseconds after which a permit that is neither renewed nor given back is free again. */
  readonly leaseMs: number;
  /** Requests that this process has under way at once, to all hosts together. */
  readonly concurrentRequests: number;
  /** See politeness.config.ts. */
  readonly breakerFailures: number;
  readonly breakerCooldownMs: number;
  readonly breakerMaxCooldownMs: number;
  readonly onTransitions: (host: string, transitions: Transitions) => void;
  /** Redis has stopped to answer. */
  readonly onSilence: () => void;
  /** So many permits could not be renewed. */
  readonly onLost: (count: number) => void;
}

type ExchangingRedis = Redis & {
  exchangeHosts(keys: number, ...args: (string | number)[]): Promise<number[]>;
};

/**
 * What this process and Redis have to tell each other about hosts, in one call at a time:
 *
 * 1. What is told or asked in a turn of the event loop is sent when the turn has read every socket (setImmediate), and
 *    what comes up while a call is under way goes with the next. The busier the process, the fewer calls a request.
 * 2. In a call, leaves come before questions: a slot that becomes free is taken by who waits for it here. In between
 *    come the permits that have been held for so long that their leases have to be renewed.
 * 3. A call that fails is repeated until Redis answers; nobody may enter meanwhile. A leave counts once, however often
 *    it is told. A question gets a new name, and what its old one may have been granted is given back.
 * 4. A question is for no more requests than this process may begin: it has room for so many, and what is asked for
 *    here cannot be had by others. Who finds no room keeps its place; who has asked, and has more to ask for, goes to
 *    the end. So hosts take turns, and one with many requests cannot keep another from its own.
 */
export class HostExchange {
  private readonly redis: ExchangingRedis;
  private readonly silence: RedisSilence;
  private readonly settings: readonly number[];
  private readonly held: HeldPermits;
  private readonly process = randomBytes(6).toString('base64url');
  private asked = 0;
  private askers = new Set<Asker>();
  private leaves: Leave[] = [];
  private lost: Lost[] = [];
  private isUnderWay = false;
  private isDue = false;
  private hasEnded = false;
  private onQuiet: (() => void) | undefined;

  constructor(
    redis: Redis,
    private readonly options: HostExchangeOptions,
  ) {
    redis.defineCommand('exchangeHosts', { lua: HOST_EXCHANGE });
    this.redis = redis as ExchangingRedis;
    this.silence = new RedisSilence(options.onSilence);
    this.held = new HeldPermits(options.leaseMs, { due: () => this.sendSoon(), lost: options.onLost });
    const { leaseMs, breakerFailures, breakerCooldownMs, breakerMaxCooldownMs } = options;
    this.settings = [leaseMs * 1000, breakerFailures, breakerCooldownMs * 1000, breakerMaxCooldownMs * 1000];
  }

  /** The asker hears an answer when Redis gives one. */
  ask(asker: Asker): void {
    if (this.hasEnded) return;
    this.askers.add(asker);
    this.sendSoon();
  }

  /** The permit is kept for this process until it leaves. @param askedAt see {@link Answer}. */
  hold(permit: Held, askedAt: number): void {
    if (!this.hasEnded) this.held.add(permit, askedAt);
  }

  leave(leave: Leave): void {
    this.held.remove(leave.id);
    this.leaves.push(leave);
    keepNewest(this.leaves);
    this.sendSoon();
  }

  /** @throws what ioredis throws when Redis is away. */
  async stateOf(host: string): Promise<HostState> {
    return readHostState(this.redis, this.keysOf(host), this.settings);
  }

  /** Says what is left to say, as far as that is possible within a second. Nothing is asked any more. */
  async end(): Promise<void> {
    this.hasEnded = true;
    this.held.clear();
    this.askers.clear();
    if (this.hasSomethingToSay || this.isUnderWay) {
      const quiet = new Promise<void>((resolve) => (this.onQuiet = resolve));
      await withDeadline(quiet, GOODBYE_MS).catch(() => undefined);
    }
    this.leaves = [];
    this.lost = [];
    this.silence.stop();
  }

  private sendSoon(): void {
    if (this.isUnderWay || this.isDue) return;
    this.isDue = true;
    setImmediate(this.send);
  }

  private readonly send = (): void => {
    this.isDue = false;
    if (!this.hasSomethingToSay) return;
    const { redis } = this;
    if (redis.status !== 'ready') {
      // Certain to fail, and without having been heard.
      this.pause(new Error(`the connection is "${redis.status}"`));
      return;
    }
    const call = this.nextCall();
    if (call.isEmpty) return;
    this.isUnderWay = true;
    this.silence.listen();
    const keys = [...call.hosts.flatMap((host) => this.keysOf(host)), circuitsKey(this.options.prefix)];
    redis.exchangeHosts(keys.length, ...keys, ...this.settings, JSON.stringify(call), IDLE_MS).then(
      (answer) => this.hear(call, answer),
      (error: unknown) => this.fail(call, error),
    );
  };

  private get hasSomethingToSay(): boolean {
    const { leaves, lost, held, askers } = this;
    return leaves.length > 0 || lost.length > 0 || held.hasDue || (askers.size > 0 && this.room > 0);
  }

  /** How many more requests may be begun; while a call is under way, not counting what that asks for. */
  private get room(): number {
    return this.options.concurrentRequests - this.held.size;
  }

  private nextCall(): HostCall {
    const call = new HostCall();
    let said = 0;
    while (said < this.leaves.length && call.addLeave(this.leaves[said]!)) said++;
    this.leaves.splice(0, said);
    this.lost = this.lost.filter((lost) => !call.addLost(lost));
    this.held.renewDue((permit) => call.addHeld(permit));
    let { room } = this;
    for (const asker of this.askers) {
      if (room <= 0 || !call.hasRoomFor(asker.host)) break;
      const share = Math.ceil(room / this.askers.size);
      this.askers.delete(asker);
      const count = asker.begin(share);
      if (count === 0) continue;
      room -= count;
      const by = `${this.process}:${asker.number}`;
      call.addQuestion({ asker, by, id: `${by}:${this.asked++}`, count });
    }
    return call;
  }

  private hear(call: HostCall, answer: readonly number[]): void {
    this.isUnderWay = false;
    this.silence.hear();
    this.held.renewed(call.held, call.sentAt);
    // A process that was stopped in between, or this busy, may find that others have got its slots by now.
    if (performance.now() - call.sentAt > this.held.mostLateMs) this.sayAgain(call);
    else call.deliver(answer, this.options.onTransitions);
    if (this.hasSomethingToSay) this.sendSoon();
    else this.onQuiet?.();
  }

  private fail(call: HostCall, error: unknown): void {
    this.isUnderWay = false;
    // A refusal of Redis's means that nothing was done; else nobody knows.
    this.sayAgain(call, { mayHaveBeenDone: !(error instanceof ReplyError) });
    this.pause(error);
  }

  private sayAgain(call: HostCall, { mayHaveBeenDone = true } = {}): void {
    const { lost, leaves, questions } = call.unsaid();
    this.leaves.unshift(...leaves);
    this.lost.unshift(...lost);
    if (mayHaveBeenDone) this.lost.push(...questions.map(({ host, id, count }) => ({ host, id, count })));
    keepNewest(this.lost);
    if (!this.hasEnded) for (const { asker } of questions) this.askers.add(asker);
  }

  private keysOf(host: string): readonly [state: string, permits: string] {
    const { prefix } = this.options;
    return [`${prefix}:host:${host}`, `${prefix}:host-permits:${host}`];
  }

  private pause(why: unknown): void {
    this.silence.begin(why);
    this.isDue = true;
    setTimeout(this.send, RETRY_MS);
  }
}

function keepNewest(said: unknown[]): void {
  if (said.length > MAX_KEPT) said.splice(0, said.length - MAX_KEPT);
}
