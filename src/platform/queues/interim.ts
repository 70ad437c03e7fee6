import { Inject, Injectable } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { QUEUE_NAMES } from './bull/queue-names.js';
import { type QueuesConfig, queuesConfig } from './queues.config.js';
import { ControllableWorker, type RunnableTask, type WorkerSnapshot } from './running/controllable-worker.js';
import { TaskRegistry } from './tasks/task-registry.js';

// Until merged: stands in for the worker that can be controlled and for the limits of tasks, with their signatures.

export abstract class TaskLimits {
  /** @param rate such as `10/m`; `null` takes the limit away. */
  abstract setRate(task: string, rate: string | null): Promise<void>;
  abstract setTime(task: string, limits: { softMs: number; hardMs?: number } | null): Promise<void>;
}

@Injectable()
export class NoTaskLimits extends TaskLimits {
  async setRate(): Promise<void> {}
  async setTime(): Promise<void> {}
}

@Injectable()
export class UncontrolledWorker extends ControllableWorker {
  readonly id = `${hostname()}:${process.pid}:${randomBytes(4).toString('hex')}`;

  constructor(
    @Inject(queuesConfig.token) private readonly config: QueuesConfig,
    private readonly tasks: TaskRegistry,
  ) {
    super();
  }

  snapshot(): WorkerSnapshot {
    return {
      queues: QUEUE_NAMES.map((name) => ({ name, consuming: true })),
      concurrency: this.config.concurrency * QUEUE_NAMES.length,
      paused: false,
      draining: false,
      active: [],
      reserved: [],
      totals: { processed: 0, succeeded: 0, failed: 0, retried: 0, revoked: 0 },
    };
  }

  registered(): readonly RunnableTask[] {
    return this.tasks.names().flatMap((name) => {
      const definition = this.tasks.get(name)?.definition;
      return definition ? [{ ...definition, isolated: false, critical: definition.critical ?? false }] : [];
    });
  }

  resize(): number {
    return this.snapshot().concurrency;
  }

  autoscale(): void {}
  consume(): void {}
  pause(): void {}
  resume(): void {}

  revoke(): boolean {
    return false;
  }

  lastContact(): number {
    return Date.now();
  }
}
