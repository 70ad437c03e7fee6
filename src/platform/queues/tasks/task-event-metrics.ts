import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { InjectMetric, makeCounterProvider } from '@willsoto/nestjs-prometheus';
import type { Counter } from 'prom-client';
import { BoundedLabel } from '../../../core/metrics/index.js';
import { QUEUE_NAMES } from '../bull/queue-names.js';
import { TaskCatalogue } from './task-catalogue.js';
import { type TaskEvent, TaskEvents, type TaskFailure } from './task-events.js';
import { TaskMetrics } from './task-metrics.js';

const EVENTS = 'gleaner_task_events_total';
const FAILURES = 'gleaner_task_failures_total';

/** All there are; the compiler misses none. */
const TYPES: Readonly<Record<TaskEvent['type'], true>> = {
  sent: true,
  received: true,
  started: true,
  progress: true,
  log: true,
  succeeded: true,
  retry: true,
  failed: true,
  revoked: true,
  returned: true,
  postponed: true,
  lost: true,
  expired: true,
  withdrawn: true,
};
/** Errors have a code of ours or the class of somebody else's: a few dozen, as long as nobody makes names up. */
const MAX_ERRORS = 50;

/** Labels: `type` as above, `task` what is declared or `unknown`, `error` a code or class, or `other`. */
export const taskEventMetricProviders = [
  makeCounterProvider({
    name: EVENTS,
    help: 'What happened to tasks in this process, by what it was',
    labelNames: ['type'],
  }),
  makeCounterProvider({
    name: FAILURES,
    help: 'Tasks that failed for good, by the code or else the class of their error',
    labelNames: ['task', 'queue', 'error'],
  }),
];

/**
 * Counts what is told of tasks, and lets the series of all known tasks begin at 0: of a counter that begins at 1,
 * Prometheus sees no increase. Which errors will come is not known, so that alerts need `gleaner_tasks_failed_total`; `error` tells what it was.
 */
@Injectable()
export class TaskEventMetrics implements OnApplicationBootstrap {
  private readonly errorLabel = new BoundedLabel(MAX_ERRORS);

  constructor(
    private readonly catalogue: TaskCatalogue,
    private readonly metrics: TaskMetrics,
    events: TaskEvents,
    @InjectMetric(EVENTS) counted: Counter,
    @InjectMetric(FAILURES) private readonly failures: Counter,
  ) {
    for (const type of Object.keys(TYPES)) counted.inc({ type }, 0);
    events.subscribe({
      told: (event) => {
        counted.inc({ type: event.type });
        if (event.type === 'failed') this.failed(event.task, event.failure);
      },
    });
  }

  /** Not earlier: until then modules declare their tasks. */
  onApplicationBootstrap(): void {
    for (const { name, queue } of this.catalogue.all()) this.metrics.beginAt0({ task: name, queue });
    for (const queue of QUEUE_NAMES) this.metrics.beginAt0({ task: 'unknown', queue });
  }

  private failed({ name, queue }: { name: string; queue: string }, failure: TaskFailure): void {
    const task = this.catalogue.get(name) ? name : 'unknown';
    this.failures.inc({ task, queue, error: this.errorLabel.of(failure.code ?? failure.class) });
  }
}
