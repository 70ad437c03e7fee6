import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import 'reflect-metadata';
import { register } from 'prom-client';
import { onTestFailed } from 'vitest';
import { createApp } from '../../../src/app/create-app.js';
import { loadConfig } from '../../../src/core/config/index.js';
import {
  declareTasks,
  Queues,
  Revocations,
  TaskLimits,
  TaskQueue,
} from '../../../src/platform/queues/index.js';
import { createEnvironment, type TestEnvironment } from '../environment.js';
import { eventually } from '../eventually.js';
import { Program } from '../program.js';
import { labTasks } from './lab-tasks.ts';

/** What handlers of the lab have done. */
export interface Effect {
  taskId: string;
  start: number;
  what: 'begun' | 'ended' | 'returned';
}

/** An API process within the test, which enqueues, and as many worker processes as a test starts. */
export class TaskLab implements AsyncDisposable {
  private readonly workers: LabProcess[] = [];

  private constructor(
    readonly environment: TestEnvironment,
    readonly app: NestFastifyApplication,
    readonly url: string,
  ) {}

  /** @param env settings on top of those of tests. @param given with a database of its own; else there is a new one. */
  static async open(env: Record<string, string> = {}, given?: TestEnvironment): Promise<TaskLab> {
    const environment = given ?? (await createEnvironment(env));
    await environment.query(
      `CREATE TABLE lab_effect (task_id text, start integer, what text, at timestamptz DEFAULT clock_timestamp(),
         PRIMARY KEY (task_id, start, what))`,
    );
    // The effect of a task happens once, however often the task is run.
    await environment.query(`CREATE UNIQUE INDEX ON lab_effect (task_id) WHERE what = 'ended'`);
    register.clear();
    const app = await createApp('api', loadConfig({ ...environment.env, MODE: 'api' }), [
      declareTasks(...Object.values(labTasks)),
    ]);
    await app.listen(0, '127.0.0.1');
    return new TaskLab(environment, app, await app.getUrl());
  }

  get tasks(): TaskQueue {
    return this.app.get(TaskQueue, { strict: false });
  }

  get revocations(): Revocations {
    return this.app.get(Revocations, { strict: false });
  }

  get limits(): TaskLimits {
    return this.app.get(TaskLimits, { strict: false });
  }

  get queues(): Queues {
    return this.app.get(Queues, { strict: false });
  }

  /** A worker of one test. */
  async start(env: Record<string, string> = {}): Promise<LabProcess> {
    const worker = await this.launch(env);
    onTestFailed(() => console.log(worker.log));
    return worker;
  }

  /** A worker of many tests. */
  async launch(env: Record<string, string> = {}): Promise<LabProcess> {
    const worker = new LabProcess(process.execPath, ['test/support/task-lab/process.mjs'], {
      env: { PATH: process.env.PATH, ...this.environment.env, LOG_LEVEL: 'info', MODE: 'worker', ...env },
    });
    this.workers.push(worker);
    await worker.until('it listens', async () => (worker.log.includes('listens on') ? true : undefined));
    return worker;
  }

  /** In the order in which they happened. */
  async effects(what?: Effect['what']): Promise<Effect[]> {
    return this.environment.query(
      `SELECT task_id AS "taskId", start, what FROM lab_effect WHERE $1::text IS NULL OR what = $1 ORDER BY at`,
      [what],
    );
  }

  /** Waits until handlers have begun or ended so many times. */
  async reached(what: Effect['what'], count: number, deadlineMs?: number): Promise<Effect[]> {
    return eventually(
      `${count} times ${what}`,
      async () => {
        const effects = await this.effects(what);
        return effects.length >= count ? effects : undefined;
      },
      deadlineMs,
    );
  }

  /** Ends all workers at once, and forgets what they did and had still to do. */
  async clear(): Promise<void> {
    for (const worker of this.workers.splice(0)) {
      worker.kill('SIGKILL');
      await worker.exit();
    }
    await this.environment.query('TRUNCATE lab_effect');
    for (const queue of this.queues.all.values()) await queue.obliterate({ force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.clear();
    await this.app.close();
    await this.environment.dispose();
  }
}

export class LabProcess extends Program {
  /** Its JSON lines with this message. */
  lines(msg: string): Record<string, unknown>[] {
    return this.log
      .split('\n')
      .filter((line) => line.startsWith('{') && line.includes(msg))
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter((line) => line.msg === msg);
  }
}
