import { Inject, Injectable } from '@nestjs/common';
import { InjectMetric, makeGaugeProvider } from '@willsoto/nestjs-prometheus';
import type { Redis } from 'ioredis';
import type { Gauge } from 'prom-client';
import { GaugeReading } from '../../../core/metrics/index.js';
import { SHARED_REDIS } from '../../../core/redis/index.js';
import { Queues } from '../bull/queues.js';
import { type QueueCounts, readQueues } from '../bull/read-queues.js';

const TASKS = 'gleaner_queue_tasks';
const OLDEST = 'gleaner_queue_oldest_waiting_age_seconds';
const STALE = 'gleaner_queue_metrics_stale';

const STATES = ['waiting', 'paused', 'active', 'delayed', 'failed'] as const satisfies (keyof QueueCounts)[];

/** Of the whole installation. Labels: `queue` one of the queues, `state` one of the above, where Bull keeps the task. */
export const queueGaugeProviders = [
  makeGaugeProvider({
    name: TASKS,
    help: 'Tasks on the queues; every process tells the same, so take the max over them',
    labelNames: ['queue', 'state'],
  }),
  makeGaugeProvider({
    name: OLDEST,
    help: 'Seconds since the task was enqueued that has waited longest, 0 when none waits; every process tells the same, so take the max',
    labelNames: ['queue'],
  }),
  makeGaugeProvider({
    name: STALE,
    help: '1 while Redis does not answer, so that metrics of queues are what they last were',
  }),
];

/** What the queues hold. */
@Injectable()
export class QueueGauges {
  constructor(
    queues: Queues,
    @Inject(SHARED_REDIS) redis: Redis,
    @InjectMetric(TASKS) tasks: Gauge,
    @InjectMetric(OLDEST) oldest: Gauge,
    @InjectMetric(STALE) stale: Gauge,
  ) {
    GaugeReading.attach({
      read: async () => readQueues(redis, [...queues.all]),
      tell: (read) => {
        for (const { name: queue, oldestWaitingMs, ...counts } of read) {
          for (const state of STATES) tasks.set({ queue, state }, counts[state]);
          oldest.set({ queue }, (oldestWaitingMs ?? 0) / 1000);
        }
      },
      gauges: [tasks, oldest],
      stale,
    });
  }
}
