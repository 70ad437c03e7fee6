import { Injectable } from '@nestjs/common';
import { InjectMetric, makeCounterProvider, makeGaugeProvider } from '@willsoto/nestjs-prometheus';
import type { Counter, Gauge } from 'prom-client';
import { ControllableWorker } from '../queues/index.js';

const HEARTBEAT_ERRORS = 'gleaner_worker_heartbeat_errors_total';
const CONCURRENCY = 'gleaner_worker_concurrency';
const TASKS = 'gleaner_worker_tasks';

/** Of a process that works. */
export const workerMetricProviders = [
  makeCounterProvider({
    name: HEARTBEAT_ERRORS,
    help: 'Heartbeats of this worker that Redis did not take',
  }),
  makeGaugeProvider({ name: CONCURRENCY, help: 'Tasks that this worker runs at once, over all queues' }),
  makeGaugeProvider({
    name: TASKS,
    help: 'Tasks that this worker runs (active), or holds without having begun them (reserved)',
    labelNames: ['state'],
  }),
];

@Injectable()
export class HeartbeatMetrics {
  constructor(@InjectMetric(HEARTBEAT_ERRORS) readonly errors: Counter) {}
}

/** What the worker of this process does. */
@Injectable()
export class WorkerGauges {
  constructor(
    @InjectMetric(CONCURRENCY) concurrency: Gauge,
    @InjectMetric(TASKS) tasks: Gauge,
    worker: ControllableWorker,
  ) {
    Object.assign(concurrency, { collect: () => concurrency.set(worker.snapshot().concurrency) });
    Object.assign(tasks, {
      collect: () => {
        const { active, reserved } = worker.snapshot();
        tasks.set({ state: 'active' }, active.length);
        tasks.set({ state: 'reserved' }, reserved.length);
      },
    });
  }
}
