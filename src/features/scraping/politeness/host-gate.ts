import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { Redis } from 'ioredis';
import type { Leave, Transitions } from './host-call.js';
import { HostExchange, type HostExchangeOptions } from './host-exchange.js';
import { type HostPolicy, type Permit, samePolicy } from './host-policy.js';
import { HostQueue } from './host-queue.js';
import type { HostState } from './host-state.js';
import type { PolitenessMetrics } from './politeness.metrics.js';

export interface HostGateOptions extends Omit<HostExchangeOptions, 'onTransitions' | 'onSilence' | 'onLost'> {
  /** How long a caller waits for a host that is closed before it hears so. */
  readonly patienceMs: number;
}

/**
 * Lets requests to a host through as its policy says, together with all workers of the cluster: a bucket of starts,
 * slots that are leased, pauses that the host asks for, and a circuit breaker, all of them in Redis.
 *
 * 1. `enter` puts the caller behind those of this process who wait for the same host on the same terms (HostQueue).
 * 2. One question for all of them goes to Redis, with those about other hosts and with what became of earlier requests
 *    (HostExchange). A script decides on the state of the host (lua/).
 * 3. Whoever is granted a permit sends its request at once; the others wait until there can be another answer.
 * 4. `leave` tells what became of it. Until then its lease is renewed (HeldPermits); a permit of a process that was
 *    killed is free when that runs out.
 *
 * No more permits are asked for than this process may have requests under way, whatever the hosts would allow.
 *
 * Without Redis nobody enters: the others would not know. Callers wait until it is back or their signal aborts.
 */
@Injectable()
export class HostGate implements OnApplicationShutdown {
  private readonly logger = new Logger(HostGate.name);
  private readonly queues = new Map<string, HostQueue[]>();
  private readonly exchange: HostExchange;
  private queuesMade = 0;

  constructor(
    redis: Redis,
    private readonly options: HostGateOptions,
    private readonly metrics: PolitenessMetrics,
  ) {
    this.exchange = new HostExchange(redis, {
      ...options,
      onTransitions: (host, transitions) => this.report(host, transitions),
      onSilence: () => metrics.redisIsSilent(),
      onLost: (count) => this.reportLost(count),
    });
  }

  /**
   * Waits until a request to the host may start, which must then be sent at once.
   * @param host such as `example.org:443`, of bounded length; what shares it shares the limits.
   * @throws HostBlockedError when the host is closed for longer than a caller should wait; the signal's reason when
   * it aborts.
   */
  async enter(host: string, policy: HostPolicy, signal: AbortSignal): Promise<Permit> {
    signal.throwIfAborted();
    return this.queueOf(host, policy).join(signal);
  }

  /** @throws what ioredis throws when Redis is away. */
  async stateOf(host: string): Promise<HostState> {
    return this.exchange.stateOf(host);
  }

  /** The last outcomes are told; whoever held a request is gone by now. */
  async onApplicationShutdown(): Promise<void> {
    await this.exchange.end();
  }

  private queueOf(host: string, policy: HostPolicy): HostQueue {
    let queues = this.queues.get(host);
    if (!queues) this.queues.set(host, (queues = []));
    let queue = queues.find((known) => samePolicy(known.policy, policy));
    if (!queue) {
      queue = new HostQueue(this.queuesMade++, host, policy, {
        patienceMs: this.options.patienceMs,
        metrics: this.metrics,
        ask: (asker) => this.exchange.ask(asker),
        hold: (permit, askedAt) => this.exchange.hold(permit, askedAt),
        leave: (leave) => this.leave(leave),
        onEmpty: (empty) => this.remove(empty),
      });
      queues.push(queue);
    }
    return queue;
  }

  private leave(leave: Leave): void {
    this.exchange.leave(leave);
    // Behind the leave, so that they find its slot free.
    for (const queue of this.queues.get(leave.host) ?? []) queue.wake();
  }

  private remove(queue: HostQueue): void {
    const left = this.queues.get(queue.host)?.filter((other) => other !== queue) ?? [];
    if (left.length > 0) this.queues.set(queue.host, left);
    else this.queues.delete(queue.host);
  }

  private reportLost(count: number): void {
    this.metrics.lost(count);
    this.logger.warn(
      { count },
      'Redis could not be told that requests go on: they are cut off and tried again',
    );
  }

  private report(host: string, transitions: Transitions): void {
    this.metrics.changed(transitions);
    if (transitions.opened > 0)
      this.logger.warn({ host }, 'circuit opened: the host is not asked for a while');
    if (transitions.closed > 0) this.logger.log({ host }, 'circuit closed: the host answers again');
  }
}
