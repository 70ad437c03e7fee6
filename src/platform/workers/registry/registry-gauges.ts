import { Inject, Injectable } from '@nestjs/common';
import { InjectMetric, makeGaugeProvider } from '@willsoto/nestjs-prometheus';
import type { Gauge } from 'prom-client';
import { parseJson } from '../../../core/json/index.js';
import { GaugeReading } from '../../../core/metrics/index.js';
import { QUEUE_NAMES } from '../../queues/index.js';
import { type WorkersConfig, workersConfig } from '../workers.config.js';
import { workerFactsSchema } from './worker-facts.js';
import { type StoredWorker, WORKER_STATES, WorkerStore } from './worker-store.js';
import { consumes } from './workers.js';

const WORKERS = 'gleaner_workers';
const MISSING = 'gleaner_workers_missing';
const CONSUMERS = 'gleaner_queue_consumers';
const STALE = 'gleaner_worker_metrics_stale';

/**
 * Of the whole installation, which is why no worker is named: their ids are new with every start. What a worker alone
 * can tell, it tells at its own /metrics, where Prometheus adds the `instance`.
 */
export const registryGaugeProviders = [
  makeGaugeProvider({
    name: WORKERS,
    help: 'Workers that the registry remembers; every process tells the same, so take the max over them',
    labelNames: ['state'],
  }),
  makeGaugeProvider({
    name: MISSING,
    help: 'Workers that WORKERS_EXPECTED expects and that are not online; every process tells the same, so take the max',
  }),
  makeGaugeProvider({
    name: CONSUMERS,
    help: 'Workers that are online and take tasks of the queue; every process tells the same, so take the max',
    labelNames: ['queue'],
  }),
  makeGaugeProvider({
    name: STALE,
    help: '1 while Redis does not answer, so that metrics of all workers are what they last were',
  }),
];

const takenFrom = workerFactsSchema.pick({ queues: true, draining: true });

/** The workers that there are. */
@Injectable()
export class RegistryGauges {
  constructor(
    store: WorkerStore,
    @Inject(workersConfig.token) { expected }: WorkersConfig,
    @InjectMetric(WORKERS) workers: Gauge,
    @InjectMetric(MISSING) missing: Gauge,
    @InjectMetric(CONSUMERS) consumers: Gauge,
    @InjectMetric(STALE) stale: Gauge,
  ) {
    GaugeReading.attach({
      read: async () => (await store.read(undefined, { factsOf: 'online' })).workers,
      tell: (read) => {
        const count = (state: string) => read.filter((worker) => worker.state === state).length;
        for (const state of WORKER_STATES) workers.set({ state }, count(state));
        missing.set(Math.max(0, expected - count('online')));
        const atWork = read.flatMap(factsOf).filter(({ draining }) => !draining);
        for (const queue of QUEUE_NAMES)
          consumers.set({ queue }, atWork.filter((worker) => consumes(worker, queue)).length);
      },
      gauges: [workers, missing, consumers],
      stale,
    });
  }
}

/** None of one that is not online, or of a release that tells otherwise. */
function factsOf({ facts }: StoredWorker) {
  return takenFrom.safeParse(parseJson(facts)).data ?? [];
}
