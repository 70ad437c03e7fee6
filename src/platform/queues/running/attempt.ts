import type { Job } from 'bull';
import { instanceId } from '../../../core/process/index.js';
import type { TakenJob } from '../bull/take-jobs.js';
import type { QueueName } from '../bull/queue-names.js';
import { readEnvelope, type TaskEnvelope } from '../tasks/task-envelope.js';
import type { TaskFacts } from '../tasks/task-events.js';
import type { HeldTask } from './controllable-worker.js';

/** One execution of a task by this worker. */
export class Attempt {
  readonly id: string;
  readonly start: number;
  /** 1 for the first. */
  readonly number: number;
  readonly takenAt = Date.now();
  /** The last sign of life. */
  aliveAt = this.takenAt;
  /** Of the child process of an isolated task. */
  pid: number | undefined;
  /** For a process of its own. */
  waiting = false;
  private kill: (() => void) | undefined;
  private readonly controller = new AbortController();

  constructor(
    readonly queue: QueueName,
    readonly taken: TakenJob,
    private readonly critical: boolean,
  ) {
    this.id = String(taken.job.id);
    this.start = taken.start;
    this.number = taken.job.attemptsMade + 1;
  }

  get job(): Job {
    return this.taken.job;
  }

  get envelope(): TaskEnvelope {
    return (
      readEnvelope(this.job.data) ?? {
        version: 1,
        payload: this.job.data,
        enqueuedAt: this.job.timestamp,
        headers: {},
      }
    );
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** The first reason counts. */
  abort(reason: Error): void {
    this.controller.abort(reason);
  }

  /** Kills the process that an isolated task has for itself; others only have their signal. */
  terminate(): void {
    this.kill?.();
  }

  onTerminate(kill: (() => void) | undefined): void {
    this.kill = kill;
  }

  /** What every event of it says. */
  get facts(): { task: TaskFacts; workerId: string; start: number; attempt: number } {
    const { id, start, number, queue, job, envelope, critical } = this;
    const maxAttempts = job.opts.attempts ?? 1;
    const task = { id, name: job.name, queue, envelope, maxAttempts, critical };
    return { task, workerId: instanceId, start, attempt: number };
  }

  /** As operators see it. */
  get held(): HeldTask {
    const { id, queue, start, number, takenAt, aliveAt, job, pid, waiting } = this;
    return {
      id,
      name: job.name,
      queue,
      attempt: number,
      start,
      startedAt: takenAt,
      aliveAt,
      payload: this.envelope.payload,
      waiting,
      ...(pid !== undefined && { pid }),
    };
  }
}
