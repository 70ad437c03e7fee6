import type { Job, Queue } from 'bull';
import type { Redis } from 'ioredis';

/** What Bull 4 has and its types leave out. In one place, so that an upgrade of Bull has one place to check. */
interface QueueInternals {
  /** Value of the locks that this queue instance holds. */
  readonly token: string;
  /** The connection that waits for jobs. */
  readonly bclient: Redis;
}

interface JobInternals {
  /** Answers 1 when the lock was ours and lasts this long from now, else 0. */
  extendLock(durationMs: number): Promise<number>;
}

export const internalsOf = (queue: Queue): Queue & QueueInternals => queue as Queue & QueueInternals;

export async function extendLock(job: Job, durationMs: number): Promise<number> {
  return (job as Job & JobInternals).extendLock(durationMs);
}

/**
 * Makes Bull forget an active job that is not ours any more: whatever its handler does, nothing is written about it.
 * Without this Bull would save a failed attempt, although it then finds that the lock belongs to another worker.
 */
export function disown(job: Job): void {
  const nothing = async (): Promise<null> => null;
  Object.assign(job, { moveToCompleted: nothing, moveToFailed: nothing });
}

/**
 * Lets the loops of a queue wait for a job one after another instead of all at once. Bull writes a blocking command a
 * loop to one connection, and Redis goes on serving them when the process is frozen: each such command then takes one
 * task to a worker that does not run it, and a task that is taken so too often fails as stalled for good.
 */
export function waitOneAtATime(queue: Queue): void {
  const getNextJob = queue.getNextJob.bind(queue);
  let last: Promise<unknown> = Promise.resolve();
  queue.getNextJob = () => {
    const job = last.then(getNextJob);
    last = job.catch(() => undefined);
    return job;
  };
}
