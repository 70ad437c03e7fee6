import 'reflect-metadata';
import { type INestApplicationContext, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { register } from 'prom-client';
// The settings of the whole application, as every process has them.
import '../../src/app/app.config.js';
import { migrations } from '../../src/app/migrations/index.js';
import { ConfigModule, loadConfig } from '../../src/core/config/index.js';
import { DatabaseModule } from '../../src/core/database/index.js';
import { RedisModule } from '../../src/core/redis/index.js';
import { QueuesModule } from '../../src/platform/queues/index.js';
import { type WorkerInfo, WorkerCommands, Workers, WorkersModule } from '../../src/platform/workers/index.js';
import { eventually } from './eventually.js';
import { Program } from './program.js';

/** See fake-worker.mjs. */
export class FakeWorker extends Program {
  static spawn(env: Record<string, string>, fake: Record<string, unknown> = {}): FakeWorker {
    return new FakeWorker(process.execPath, ['test/support/fake-worker.mjs', JSON.stringify(fake)], {
      env: { PATH: process.env.PATH, ...env },
    });
  }

  /** Once it has booted. */
  async id(): Promise<string> {
    return this.until('it is ready', async () => /^ready (\S+)$/m.exec(this.log)?.[1], 50_000);
  }

  /** What it was told to do, a line each, as far as it has been read here. */
  get deedsSoFar(): string[] {
    return this.log.match(/^(?:resize|autoscale|consume|pause|resume|revoke|rate|time)\b.*$/gm) ?? [];
  }

  async end(): Promise<void> {
    this.kill('SIGKILL');
    await this.exit();
  }
}

/** A task as others may see it. */
export const shownTask = (id: string) => ({
  id,
  name: 'made.up',
  queue: 'default',
  attempt: 1,
  start: 2,
  startedAt: 1_700_000_000_000,
  aliveAt: 1_700_000_001_000,
});

/** The same as its worker holds it. */
export const heldTask = (id: string) => ({ ...shownTask(id), payload: { password: 'hush' } });

/** Several worker processes, and a process that sees and commands them. */
export class WorkerCluster {
  readonly programs: FakeWorker[] = [];
  private asked = 0;

  private constructor(
    private readonly env: Record<string, string>,
    private readonly app: INestApplicationContext,
    readonly workers: Workers,
    readonly commands: WorkerCommands,
  ) {}

  static async open(env: Record<string, string>): Promise<WorkerCluster> {
    register.clear();
    @Module({
      imports: [
        ConfigModule.forRoot(loadConfig(env)),
        DatabaseModule.forRoot('scheduler', migrations),
        RedisModule,
        QueuesModule.forRoot('producer'),
        WorkersModule,
      ],
    })
    class OnlookerModule {}
    const app = await NestFactory.createApplicationContext(OnlookerModule, {
      logger: false,
      abortOnError: false,
    });
    return new WorkerCluster(env, app, app.get(Workers), app.get(WorkerCommands));
  }

  /** Starts a worker, and waits until it is online. */
  async start(
    fake?: Record<string, unknown>,
    env: Record<string, string> = {},
  ): Promise<[FakeWorker, string]> {
    const program = FakeWorker.spawn({ ...this.env, ...env }, fake);
    this.programs.push(program);
    const id = await program.id();
    await this.until(id, 'online', ({ state }) => state === 'online');
    return [program, id];
  }

  async until(
    id: string,
    what: string,
    is: (worker: WorkerInfo) => boolean,
    deadlineMs?: number,
  ): Promise<WorkerInfo> {
    return eventually(
      `worker ${id} to be ${what}`,
      async () => {
        const worker = await this.workers.get(id);
        return worker && is(worker) ? worker : undefined;
      },
      deadlineMs,
    );
  }

  /**
   * What the worker was told to do until now, a line each. Its lines may come later than its replies do: it is told one
   * thing more, which is the last of them.
   */
  async deedsOf(program: FakeWorker, id: string): Promise<string[]> {
    const last = `last-${this.asked++}`;
    const options = { destinations: [id], timeoutMs: 20_000 };
    await this.commands.send({ type: 'revoke', ids: [last], how: 'abort' }, options);
    await program.until(`it is told ${last}`, async () => program.log.includes(last) || undefined);
    return program.deedsSoFar.filter((deed) => !deed.includes(' last-'));
  }

  async metric(name: string, labels: Record<string, string>): Promise<number | undefined> {
    const metric = await register.getSingleMetric(name)?.get();
    return metric?.values.find((each) =>
      Object.entries(labels).every(([key, value]) => each.labels[key] === value),
    )?.value;
  }

  async close(): Promise<void> {
    for (const program of this.programs) await program.end();
    await this.app.close();
  }
}
