import { Injectable } from '@nestjs/common';
import { InjectMetric, makeCounterProvider, makeHistogramProvider } from '@willsoto/nestjs-prometheus';
import type { Counter, Histogram } from 'prom-client';

const SENT = 'gleaner_tasks_sent_total';
const STARTED = 'gleaner_tasks_started_total';
const SUCCEEDED = 'gleaner_tasks_succeeded_total';
const FAILED = 'gleaner_tasks_failed_total';
const RETRIED = 'gleaner_tasks_retried_total';
const REVOKED = 'gleaner_tasks_revoked_total';
const EXPIRED = 'gleaner_tasks_expired_total';
const RUNTIME = 'gleaner_task_runtime_seconds';
const WAIT = 'gleaner_task_queue_wait_seconds';

/** Labels: `task` and `queue` are bounded by what is declared in code. */
const labelNames = ['task', 'queue'];
const buckets = [0.005, 0.025, 0.1, 0.5, 1, 5, 15, 60, 300, 1800];

/** What happens to tasks, counted where it happens. */
@Injectable()
export class TaskMetrics {
  constructor(
    @InjectMetric(SENT) readonly sent: Counter,
    @InjectMetric(STARTED) readonly started: Counter,
    @InjectMetric(SUCCEEDED) readonly succeeded: Counter,
    @InjectMetric(FAILED) readonly failed: Counter,
    @InjectMetric(RETRIED) readonly retried: Counter,
    @InjectMetric(REVOKED) readonly revoked: Counter,
    @InjectMetric(EXPIRED) readonly expired: Counter,
    @InjectMetric(RUNTIME) readonly runtime: Histogram,
    @InjectMetric(WAIT) readonly wait: Histogram,
  ) {}

  beginAt0(labels: { task: string; queue: string }): void {
    const { sent, started, succeeded, failed, retried, revoked, expired, runtime, wait } = this;
    for (const counter of [sent, started, succeeded, failed, retried, revoked, expired])
      counter.inc(labels, 0);
    for (const histogram of [runtime, wait]) histogram.zero(labels);
  }
}

export const taskMetricProviders = [
  makeCounterProvider({ name: SENT, help: 'Tasks put on a queue by this process', labelNames }),
  makeCounterProvider({ name: STARTED, help: 'Attempts begun', labelNames }),
  makeCounterProvider({ name: SUCCEEDED, help: 'Tasks that succeeded', labelNames }),
  makeCounterProvider({ name: FAILED, help: 'Tasks that failed for good', labelNames }),
  makeCounterProvider({ name: RETRIED, help: 'Attempts that failed and are tried again', labelNames }),
  makeCounterProvider({ name: REVOKED, help: 'Tasks revoked by the time a worker had them', labelNames }),
  makeCounterProvider({ name: EXPIRED, help: 'Tasks not begun because their time was over', labelNames }),
  makeHistogramProvider({ name: RUNTIME, help: 'Seconds an attempt took', labelNames, buckets }),
  makeHistogramProvider({
    name: WAIT,
    help: 'Seconds from enqueueing to the first attempt',
    labelNames,
    buckets,
  }),
];
