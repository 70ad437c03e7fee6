import { type ConfigOf, defineConfig, setting, wholeNumber } from '../../core/config/index.js';

export const queuesConfig = defineConfig('queues', {
  concurrency: setting(
    'WORKER_CONCURRENCY',
    wholeNumber(1, 1000).default(4),
    'tasks that a worker runs at once, per queue',
  ),
  enqueueTimeoutMs: setting(
    'QUEUE_ENQUEUE_TIMEOUT_MS',
    wholeNumber(100, 60_000).default(2000),
    'milliseconds after which enqueueing gives up',
  ),
  lockDurationMs: setting(
    'WORKER_LOCK_DURATION_MS',
    wholeNumber(1000, 3_600_000).default(60_000),
    'milliseconds after which the tasks of a worker that died are taken by others, give or take half of it',
  ),
  drainTimeoutMs: setting(
    'WORKER_DRAIN_TIMEOUT_MS',
    wholeNumber(0, 600_000).default(10_000),
    'milliseconds that running tasks get to finish on shutdown before they are handed back',
  ),
});

export type QueuesConfig = ConfigOf<typeof queuesConfig>;
