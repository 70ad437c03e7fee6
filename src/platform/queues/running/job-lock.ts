import { extendLock } from '../bull/extend-lock.js';
import type { TakenJob } from '../bull/take-jobs.js';
import { TaskLockLostError } from '../queues.errors.js';

/**
 * Keeps the lock of an active job while its handler runs.
 *
 * The life of a lock: Bull takes it with the job, for its duration (60 s). We renew it every quarter of that. When a
 * renewal fails, we try again every twentieth until the duration since the last success is over. When the lock is
 * gone, because time ran out or another worker holds it, the handler is aborted: from then on another worker may be
 * running the same job.
 */
export class JobLock {
  private timer: NodeJS.Timeout | undefined;
  private heldUntil: number;
  private released = false;

  constructor(
    private readonly taken: Pick<TakenJob, 'job' | 'start'>,
    private readonly durationMs: number,
    private readonly onLost: (error: TaskLockLostError) => void,
  ) {
    this.heldUntil = Date.now() + durationMs;
    this.schedule(durationMs / 4);
  }

  /** The handler has ended. Reports the loss, should the process have been frozen for so long that nobody noticed. */
  release(): void {
    if (this.released) return;
    this.released = true;
    clearTimeout(this.timer);
    if (Date.now() >= this.heldUntil) this.onLost(new TaskLockLostError(String(this.taken.job.id)));
  }

  private schedule(ms: number): void {
    this.timer = setTimeout(() => void this.renew(), ms);
  }

  /**
   * A worker's connection waits for Redis however long it is away, and a renewal in its offline queue neither succeeds
   * nor fails: silence counts as a failure. Renewals that come late do no harm, Redis answers them by whose lock it is.
   */
  private async answerOrSilence(): Promise<boolean | undefined> {
    let timer: NodeJS.Timeout | undefined;
    const silence = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), this.durationMs / 20);
    });
    try {
      return await Promise.race([extendLock(this.taken, this.durationMs), silence]);
    } catch {
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  }

  private async renew(): Promise<void> {
    const asked = Date.now();
    // A failed renewal may be a passing outage, which "not ours any more" is not: Redis says so.
    const renewed = await this.answerOrSilence();
    if (this.released) return;
    if (renewed === true) {
      this.heldUntil = asked + this.durationMs;
      this.schedule(this.durationMs / 4);
    } else if (renewed === undefined && Date.now() + this.durationMs / 20 < this.heldUntil) {
      this.schedule(this.durationMs / 20);
    } else {
      this.released = true;
      this.onLost(new TaskLockLostError(String(this.taken.job.id)));
    }
  }
}
