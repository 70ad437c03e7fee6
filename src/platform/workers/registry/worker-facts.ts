import { z } from 'zod';
import type { HeldTask } from '../../queues/index.js';

/** Tasks that a heartbeat lists: a record is no longer than about 30 KB, however much a worker does at once. */
export const TASKS_A_BEAT = 100;

const count = z.number().min(0);
/** Milliseconds since 1970, of a time that there is. */
const time = z.number().min(-8.64e15).max(8.64e15);

/** A task that a worker has begun or holds. Without its payload, which may hold secrets. */
export const workerTaskSchema = z.object({
  id: z.string(),
  name: z.string(),
  queue: z.string(),
  attempt: z.number(),
  /** How often it has been begun. */
  start: z.number(),
  startedAt: time,
  /** Its last progress or heartbeat, or else the start. */
  aliveAt: time,
  /** Of the child process of an isolated task. */
  pid: z.number().optional(),
});

export type WorkerTask = z.output<typeof workerTaskSchema>;

/**
 * What a worker tells of itself with every heartbeat. What a later release adds must be optional: workers and readers
 * of two releases live side by side while one is rolled out.
 */
export const workerFactsSchema = z.object({
  host: z.string(),
  pid: z.number(),
  version: z.string(),
  mode: z.string(),
  /** By the worker's clock. */
  startedAt: time,
  queues: z.array(z.object({ name: z.string(), consuming: z.boolean() })),
  /** Tasks that it runs at once, over all queues. */
  concurrency: count,
  autoscale: z.object({ min: count, max: count }).optional(),
  paused: z.boolean(),
  /** It takes nothing new, because it is about to end. */
  draining: z.boolean(),
  /** The first {@link TASKS_A_BEAT} of them. */
  active: z.array(workerTaskSchema),
  activeCount: count,
  /** Tasks taken from a queue and not begun. */
  reservedCount: count,
  /** Since the process began. */
  totals: z.object({ processed: count, succeeded: count, failed: count, retried: count, revoked: count }),
  rssBytes: count,
  /** Of one core, between the last two heartbeats: 0.5 is half a core, and more than 1 is more than one. */
  cpu: count,
  /** 99th percentile between the last two heartbeats. */
  eventLoopLagMs: count,
});

export type WorkerFacts = z.output<typeof workerFactsSchema>;

/** At most `limit` of the tasks, without what must not leave the process. Names come from the queue: anything. */
export function toWorkerTasks(held: readonly HeldTask[], limit: number): WorkerTask[] {
  return held.slice(0, limit).map(({ id, name, queue, attempt, start, startedAt, aliveAt, pid }) => ({
    id: id.slice(0, 128),
    name: name.slice(0, 200),
    queue,
    attempt,
    start,
    startedAt,
    aliveAt,
    pid,
  }));
}
