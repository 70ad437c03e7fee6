import { Injectable } from '@nestjs/common';
import {
  InjectMetric,
  makeCounterProvider,
  makeGaugeProvider,
  makeHistogramProvider,
} from '@willsoto/nestjs-prometheus';
import type { Counter, Gauge, Histogram } from 'prom-client';

const DECISIONS = 'gleaner_throttle_decisions_total';
const LOCAL_DECISIONS = 'gleaner_throttle_local_decisions_total';
const DURATION = 'gleaner_throttle_decision_duration_seconds';
const FALLBACK = 'gleaner_throttle_fallback';

/** `limit` is the one that refused, or else the special one among those that the request counted against. */
export const throttlingMetricProviders = [
  makeCounterProvider({
    name: DECISIONS,
    help: 'Requests by the limit that they count against, and what it said',
    labelNames: ['limit', 'result'],
  }),
  makeCounterProvider({
    name: LOCAL_DECISIONS,
    help: 'Requests that this process counted by itself, because Redis was away',
  }),
  makeHistogramProvider({
    name: DURATION,
    help: 'Seconds that the first request of a batch waited for the decision of Redis',
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1],
  }),
  makeGaugeProvider({
    name: FALLBACK,
    help: '1 while Redis is away and this process limits requests by itself, else 0',
  }),
];

/** Limits of a route class, and `none` for routes that are exempt. */
const LIMITS = ['default', 'search', 'run', 'none'] as const;
const RESULTS = ['passed', 'throttled', 'allowed', 'exempt'] as const;
type CountedLimit = (typeof LIMITS)[number];
type Result = (typeof RESULTS)[number];

/**
 * Counts decisions. Every request passes here, and a labelled counter costs prom-client about a microsecond; so plain
 * numbers count, and are handed over when somebody reads the metrics.
 */
@Injectable()
export class ThrottlingMetrics {
  private readonly tallies: Record<Result, Record<CountedLimit, number>> = {
    passed: tally(),
    throttled: tally(),
    allowed: tally(),
    exempt: tally(),
  };
  private local = 0;

  constructor(
    @InjectMetric(DECISIONS) private readonly decisions: Counter,
    @InjectMetric(LOCAL_DECISIONS) private readonly localDecisions: Counter,
    @InjectMetric(DURATION) private readonly duration: Histogram,
    @InjectMetric(FALLBACK) private readonly fallback: Gauge,
  ) {
    fallback.set(0);
    this.handOver(true);
    Object.assign(decisions, { collect: () => this.handOver() });
    Object.assign(localDecisions, { collect: () => this.handOverLocal() });
  }

  count(limit: CountedLimit, result: Result): void {
    this.tallies[result][limit]++;
  }

  countLocal(): void {
    this.local++;
  }

  observeBatch(seconds: number): void {
    this.duration.observe(seconds);
  }

  setFallback(on: boolean): void {
    this.fallback.set(on ? 1 : 0);
  }

  /** @param withZeros so that a series is there before its first event, which rates need. */
  private handOver(withZeros = false): void {
    for (const result of RESULTS) {
      const exempt = result === 'exempt';
      for (const limit of LIMITS) {
        if (exempt !== (limit === 'none')) continue;
        const count = this.tallies[result][limit];
        if (count > 0 || withZeros) this.decisions.inc({ limit, result }, count);
        this.tallies[result][limit] = 0;
      }
    }
  }

  private handOverLocal(): void {
    this.localDecisions.inc(this.local);
    this.local = 0;
  }
}

function tally(): Record<CountedLimit, number> {
  return { default: 0, search: 0, run: 0, none: 0 };
}
