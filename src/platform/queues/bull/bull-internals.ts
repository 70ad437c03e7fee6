import { type Job, type Queue, default as bull } from 'bull';
import type { Redis } from 'ioredis';

/**
 * What Bull 4 has and its types leave out, and what we know of how it keeps jobs in Redis. In one folder, so that an
 * upgrade of Bull has one place to check: this file, and the scripts of `add-jobs.ts`, `take-jobs.ts`,
 * `extend-lock.ts`, `settle-job.ts`, `withdraw-job.ts` and `drop-waiting.ts`.
 */
interface QueueInternals {
  /** Of this queue instance. */
  readonly token: string;
  /** The connection that waits for jobs. */
  readonly bclient: Redis;
}

interface JobClass {
  fromJSON(queue: Queue, hash: Record<string, string>, id: string): Job;
}

export const internalsOf = (queue: Queue): Queue & QueueInternals => queue as Queue & QueueInternals;

/** Value of the lock of a job that this process has begun as its `start`-th time. */
export const lockToken = (queue: Queue, start: number): string => `${internalsOf(queue).token}:${start}`;

/** A job from the hash that Bull keeps of it. */
export function jobFrom(queue: Queue, id: string, hash: Record<string, string>): Job {
  return (bull as unknown as { Job: JobClass }).Job.fromJSON(queue, hash, id);
}

/** Keys of a queue by Bull's names of them, e.g. `wait` or the id of a job. */
export const keysOf = (queue: Queue, ...names: string[]): string[] => names.map((name) => queue.toKey(name));

/**
 * Starts what Bull does in the background for a queue that is worked on: delayed jobs become due, and jobs whose
 * worker died are found. Its own loop, which would take jobs, waits for ever: see QueueConsumer for why.
 */
export function startHousekeeping(queue: Queue, onError: (error: unknown) => void): void {
  queue.getNextJob = () => new Promise(() => undefined);
  void queue.process('*', 1, () => Promise.reject(new Error('unreachable'))).catch(onError);
}

/** Names that Bull gives to keys of a queue, beside those of jobs: a job with such an id would break the queue. */
export const RESERVED_IDS: ReadonlySet<string> = new Set([
  'active',
  'completed',
  'de',
  'delayed',
  'drained',
  'error',
  'failed',
  'id',
  'limiter',
  'meta-paused',
  'paused',
  'priority',
  'progress',
  'repeat',
  'resumed',
  'stalled',
  'stalled-check',
  'wait',
  'waiting',
]);

/** A score of the set of delayed jobs: their time, and twelve bits that keep the order of equal ones. */
export const delayedScore = (timeMs: number): number => Math.ceil(timeMs) * 0x1000;
