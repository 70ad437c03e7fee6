import { Injectable } from '@nestjs/common';
import { InjectMetric, makeCounterProvider, makeHistogramProvider } from '@willsoto/nestjs-prometheus';
import type { Counter, Histogram } from 'prom-client';
import type { Transitions } from './host-call.js';
import type { BlockReason } from './politeness.errors.js';

const WAIT = 'gleaner_politeness_wait_seconds';
const GRANTED = 'gleaner_politeness_granted_total';
const BLOCKED = 'gleaner_politeness_blocked_total';
const TRANSITIONS = 'gleaner_politeness_breaker_transitions_total';
const LOST = 'gleaner_politeness_permits_lost_total';
const SILENCES = 'gleaner_politeness_redis_outages_total';

/** Labels have the values listed here; hosts are told in the log, for there is no bound to their number. */
export const politenessMetricProviders = [
  makeHistogramProvider({
    name: WAIT,
    help: 'Seconds that a request waited for its turn at its host',
    buckets: [0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
  }),
  makeCounterProvider({ name: GRANTED, help: 'Requests that were allowed to start' }),
  makeCounterProvider({
    name: BLOCKED,
    help: 'Requests turned away because their host is closed for longer than they would wait',
    labelNames: ['reason'],
  }),
  makeCounterProvider({
    name: TRANSITIONS,
    help: 'Circuits of hosts that this process opened, probed or closed, which happens once in the cluster',
    labelNames: ['state'],
  }),
  makeCounterProvider({
    name: LOST,
    help: 'Requests that were cut off because Redis could not be told in time that they go on',
  }),
  makeCounterProvider({
    name: SILENCES,
    help: 'Times that Redis stopped to answer, so that no request was started until it did again',
  }),
];

const REASONS: readonly BlockReason[] = ['circuit_open', 'retry_after'];
const STATES = ['opened', 'half_open', 'closed'] as const;

@Injectable()
export class PolitenessMetrics {
  constructor(
    @InjectMetric(WAIT) private readonly wait: Histogram,
    @InjectMetric(GRANTED) private readonly grants: Counter,
    @InjectMetric(BLOCKED) private readonly blocks: Counter,
    @InjectMetric(TRANSITIONS) private readonly transitions: Counter,
    @InjectMetric(LOST) private readonly losses: Counter,
    @InjectMetric(SILENCES) private readonly silences: Counter,
  ) {
    for (const reason of REASONS) blocks.inc({ reason }, 0);
    for (const state of STATES) transitions.inc({ state }, 0);
  }

  granted(waitedSeconds: number): void {
    this.grants.inc();
    this.wait.observe(waitedSeconds);
  }

  blocked(reason: BlockReason): void {
    this.blocks.inc({ reason });
  }

  changed({ opened, probed, closed }: Transitions): void {
    this.transitions.inc({ state: 'opened' }, opened);
    this.transitions.inc({ state: 'half_open' }, probed);
    this.transitions.inc({ state: 'closed' }, closed);
  }

  lost(count: number): void {
    this.losses.inc(count);
  }

  redisIsSilent(): void {
    this.silences.inc();
  }
}
