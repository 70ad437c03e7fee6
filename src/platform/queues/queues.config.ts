import { z } from 'zod';
import { type ConfigOf, defineConfig, setting, wholeNumber } from '../../core/config/index.js';
import { type QueueName, QUEUE_NAMES } from './bull/queue-names.js';

const DEFAULT_WEIGHTS: Record<QueueName, number> = { high: 6, default: 3, low: 1 };

const expectedWeights = 'expected a weight from 1 to 1000 for each queue, e.g. high=6,default=3,low=1';

/** `high=6,default=3,low=1`: all of them, so that nobody has to know what the others are by default. */
const queueWeights = z.string().transform((text, context): Record<QueueName, number> => {
  const pairs = text.split(',').map((pair) => pair.trim().split('='));
  const weights: Partial<Record<string, number>> = Object.fromEntries(
    pairs.map(([name, weight]) => [name, Number(weight)]),
  );
  const complete =
    pairs.length === QUEUE_NAMES.length &&
    QUEUE_NAMES.every((name) => Number.isInteger(weights[name]) && inRange(weights[name] ?? 0));
  if (complete) return weights as Record<QueueName, number>;
  context.issues.push({ code: 'custom', message: expectedWeights, input: text });
  return z.NEVER;
});

const inRange = (weight: number): boolean => weight >= 1 && weight <= 1000;

export const queuesConfig = defineConfig('queues', {
  concurrency: setting(
    'WORKER_CONCURRENCY',
    wholeNumber(1, 1000).default(10),
    'tasks that a worker runs at once, over all queues',
  ),
  weights: setting(
    'WORKER_QUEUE_WEIGHTS',
    queueWeights.default(DEFAULT_WEIGHTS),
    'shares of the tasks begun that each queue gets while all have some, e.g. high=6,default=3,low=1',
  ),
  whenUnavailable: setting(
    'QUEUE_WHEN_UNAVAILABLE',
    z.enum(['outbox', 'refuse'], 'expected outbox or refuse').default('outbox'),
    'what becomes of a task while Redis is away: outbox, PostgreSQL keeps it until Redis is back; or refuse, 503',
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
  mostWaiting: setting(
    'QUEUE_DEGRADED_WAITING',
    wholeNumber(0, 100_000_000).default(100),
    'tasks that wait, over all queues, above which /health says degraded',
  ),
  mostWaitingMs: setting(
    'QUEUE_DEGRADED_AGE_MS',
    wholeNumber(1000, 604_800_000).default(300_000),
    'milliseconds that a task has waited above which /health says degraded',
  ),
  drainTimeoutMs: setting(
    'WORKER_DRAIN_TIMEOUT_MS',
    wholeNumber(0, 600_000).default(10_000),
    'milliseconds that running tasks get to finish on shutdown before they are handed back',
  ),
});

export type QueuesConfig = ConfigOf<typeof queuesConfig>;
