import { Injectable } from '@nestjs/common';
import {
  InjectMetric,
  makeCounterProvider,
  makeGaugeProvider,
  makeHistogramProvider,
} from '@willsoto/nestjs-prometheus';
import type { Counter, Gauge, Histogram } from 'prom-client';
import { QUEUE_NAMES } from '../queues/index.js';

const WRITTEN = 'gleaner_task_history_written_total';
const DROPPED = 'gleaner_task_history_dropped_total';
const FAILURES = 'gleaner_task_history_failures_total';
const BUFFERED = 'gleaner_task_history_buffered';
const FLUSH = 'gleaner_task_history_flush_seconds';
const RECONCILED = 'gleaner_task_reconciled_total';
const DEAD_LETTERS = 'gleaner_dead_letters_total';

/**
 * `sent`, `log`: left out because the buffer was full; `unstorable`: PostgreSQL refused it; `shutdown`: the database did
 * not come back before the process had to end.
 */
const DROP_REASONS = ['sent', 'log', 'unstorable', 'shutdown'] as const;
export type DropReason = (typeof DROP_REASONS)[number];

/**
 * `lost`: gone from its queue, and nobody knows how it ended; `revoked`: gone, with a tombstone; `ended`: it had
 * succeeded; `ghost_active`: nobody ran it; `stuck_pending`: somebody ran it; `missing`: on its queue, without a row.
 */
export const REPAIRS = ['lost', 'revoked', 'ended', 'ghost_active', 'stuck_pending', 'missing'] as const;
export type Repair = (typeof REPAIRS)[number];

/** What is kept of tasks. Labels: `reason` and `kind` as above, `queue` one of the queues. */
@Injectable()
export class HistoryMetrics {
  constructor(
    @InjectMetric(WRITTEN) readonly written: Counter,
    @InjectMetric(DROPPED) readonly dropped: Counter,
    @InjectMetric(FAILURES) readonly failures: Counter,
    @InjectMetric(BUFFERED) readonly buffered: Gauge,
    @InjectMetric(FLUSH) readonly flush: Histogram,
    @InjectMetric(RECONCILED) readonly reconciled: Counter,
    @InjectMetric(DEAD_LETTERS) readonly deadLetters: Counter,
  ) {
    for (const reason of DROP_REASONS) dropped.inc({ reason }, 0);
    for (const kind of REPAIRS) reconciled.inc({ kind }, 0);
    for (const queue of QUEUE_NAMES) deadLetters.inc({ queue }, 0);
  }
}

export const historyMetricProviders = [
  makeCounterProvider({ name: WRITTEN, help: 'Changes of tasks written to the history' }),
  makeCounterProvider({
    name: DROPPED,
    help: 'Changes of tasks and lines of their logs that the history lacks',
    labelNames: ['reason'],
  }),
  makeCounterProvider({ name: FAILURES, help: 'Batches of the history that could not be written at once' }),
  makeGaugeProvider({ name: BUFFERED, help: 'Tasks of which something is still to be written' }),
  makeHistogramProvider({
    name: FLUSH,
    help: 'Seconds that a batch of the history took to be written, including waits for the database',
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30],
  }),
  makeCounterProvider({
    name: RECONCILED,
    help: 'Tasks whose history was repaired, because it was not what the queues say',
    labelNames: ['kind'],
  }),
  makeCounterProvider({
    name: DEAD_LETTERS,
    help: 'Tasks that failed for good, taken from their queue into PostgreSQL',
    labelNames: ['queue'],
  }),
];
