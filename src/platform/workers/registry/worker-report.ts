import { Inject, Injectable } from '@nestjs/common';
import { hostname } from 'node:os';
import { version } from '../../../core/process/index.js';
import { ControllableWorker } from '../../queues/index.js';
import { ProcessVitals } from './process-vitals.js';
import { TASKS_A_BEAT, toWorkerTasks, type WorkerFacts } from './worker-facts.js';

/** Injects the mode of this process. */
export const WORKER_MODE = Symbol('worker mode');

/** What the worker of this process tells of itself. */
@Injectable()
export class WorkerReport {
  readonly version = version;
  private readonly startedAt = Math.round(performance.timeOrigin);

  constructor(
    private readonly worker: ControllableWorker,
    private readonly vitals: ProcessVitals,
    @Inject(WORKER_MODE) private readonly mode: string,
  ) {}

  facts(): WorkerFacts {
    const { active, reserved, queues, ...snapshot } = this.worker.snapshot();
    return {
      host: hostname(),
      pid: process.pid,
      version,
      mode: this.mode,
      startedAt: this.startedAt,
      queues: [...queues],
      ...snapshot,
      active: toWorkerTasks(active, TASKS_A_BEAT),
      activeCount: active.length,
      reservedCount: reserved.length,
      ...this.vitals.last,
    };
  }
}
