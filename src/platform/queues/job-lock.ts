import type { Job } from 'bull';
import { LOCK_DURATION_MS } from './bull-options.js';
import { TaskLockLostError } from './queues.errors.js';

const RENEW_MS = 15_000;
const RETRY_MS = 3_000;

/**
 * Keeps the lock of an active job while its handler runs.
 *
 * The life of a lock: Bull takes it with the job, for 60 s. We renew it every 15 s. When a renewal fails, we try again
 * every 3 s until the 60 s since the last success are over. When the lock is gone, because time ran out or another
 * worker holds it, the handler is aborted: from then on another worker may be running the same job.
 */
export class JobLock {
  private timer: NodeJS.Timeout | undefined;
  private heldUntil = Date.now() + LOCK_DURATION_MS;
  private released = false;

  constructor(
    private readonly job: Job,
    private readonly onLost: (error: TaskLockLostError) => void,
  ) {
    this.schedule(RENEW_MS);
  }

  release(): void {
    this.released = true;
    clearTimeout(this.timer);
  }

  private schedule(ms: number): void {
    this.timer = setTimeout(() => void this.renew(), ms);
  }

  private async renew(): Promise<void> {
    const asked = Date.now();
    // A failed renewal may be a passing outage, which "not ours any more" is not: Redis answers 0 for that.
    const renewed = await extendLock(this.job).catch(() => undefined);
    if (this.released) return;
    if (renewed === 1) {
      this.heldUntil = asked + LOCK_DURATION_MS;
      this.schedule(RENEW_MS);
    } else if (renewed === undefined && Date.now() + RETRY_MS < this.heldUntil) {
      this.schedule(RETRY_MS);
    } else {
      this.onLost(new TaskLockLostError(String(this.job.id)));
    }
  }
}

/** Bull's types leave out its `Job.extendLock`, which answers 1 when the lock was ours. */
async function extendLock(job: Job): Promise<number> {
  const lockable = job as Job & { extendLock(durationMs: number): Promise<number> };
  return lockable.extendLock(LOCK_DURATION_MS);
}
