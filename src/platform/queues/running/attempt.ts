import type { Job } from 'bull';
import type { WorkUnit } from '../../../core/performance/index.js';
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
  readonly envelope: TaskEnvelope;
  /** What every event of it says. */
  readonly facts: { task: TaskFacts; workerId: string; start: number; attempt: number; unit?: WorkUnit };
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
    critical: boolean,
  ) {
    this.id = String(taken.job.id);
    this.start = taken.start;
    this.number = taken.job.attemptsMade + 1;
    const { data, timestamp, name, opts } = taken.job;
    // What is no envelope fails when it is begun; until then it is told of as it is.
    this.envelope = readEnvelope(data, timestamp);
    const { id, envelope, start, number: attempt } = this;
    const task = { id, name, queue, envelope, maxAttempts: opts.attempts ?? 1, critical };
    this.facts = { task, workerId: instanceId, start, attempt };
  }

  get job(): Job {
    return this.taken.job;
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
