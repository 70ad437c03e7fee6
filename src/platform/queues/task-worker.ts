import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import type { Job } from 'bull';
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../../core/errors/index.js';
import { handBack } from './hand-back.js';
import type { QueueName } from './queue-names.js';
import { Queues } from './queues.js';
import { type QueuesConfig, queuesConfig } from './queues.config.js';
import { WorkerShutdownError } from './queues.errors.js';
import { TaskRegistry } from './task-registry.js';
import { TaskRunner } from './task-runner.js';

/** How long aborted handlers get to return before the process closes its connections under them. */
const ABORT_GRACE_MS = 3000;

/**
 * Takes tasks from every queue while the process lives.
 *
 * Shutdown: 1. take nothing new; 2. let what runs finish, up to the drain time-out; 3. abort the rest and hand it back
 * to its queue, where another worker finds it at once; 4. close the queues. Connections are closed after that.
 */
@Injectable()
export class TaskWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(TaskWorker.name);
  private readonly shutdown = new AbortController();
  private readonly running = new Set<Promise<unknown>>();

  constructor(
    private readonly queues: Queues,
    private readonly registry: TaskRegistry,
    private readonly runner: TaskRunner,
    @Inject(queuesConfig.token) private readonly config: QueuesConfig,
  ) {}

  /** Not earlier: a task taken in `onModuleInit` could run before the services that it needs are ready. */
  onApplicationBootstrap(): void {
    for (const [name, queue] of this.queues.all) {
      // One nameless processor a queue: named ones would add up their concurrency, and an unknown name would fail.
      void queue
        .process('*', this.config.concurrency, (job) => this.process(name, job))
        .catch((error: unknown) =>
          this.logger.error({ err: error, queue: name }, 'queue stopped taking tasks'),
        );
    }
    this.logger.log(
      { tasks: this.registry.names(), concurrency: this.config.concurrency },
      'worker takes tasks',
    );
  }

  async beforeApplicationShutdown(): Promise<void> {
    const queues = [...this.queues.all.values()];
    const finished = Promise.all(queues.map((queue) => queue.pause(true)));
    const drained = await within(this.config.drainTimeoutMs, finished);
    if (!drained) {
      this.logger.warn({ tasks: this.running.size }, 'tasks did not finish in time; handing them back');
      this.shutdown.abort(new WorkerShutdownError());
      await within(ABORT_GRACE_MS, Promise.all(this.running));
    }
    await Promise.all(queues.map((queue) => queue.close(true)));
  }

  private process(queue: QueueName, job: Job): Promise<unknown> {
    const outcome = this.runner.run(queue, job, this.shutdown.signal);
    const settled = outcome.then(
      () => undefined,
      () => (this.shutdown.signal.aborted ? this.giveBack(job) : undefined),
    );
    this.running.add(settled);
    void settled.finally(() => this.running.delete(settled));
    return outcome.catch(async (error: unknown) => {
      // Handed back, the job is not this worker's to finish: Bull must not hear of it again.
      if (this.shutdown.signal.aborted) await new Promise<never>(() => undefined);
      throw error;
    });
  }

  private async giveBack(job: Job): Promise<void> {
    try {
      const given = await handBack(job);
      this.logger.log({ taskId: String(job.id), given }, 'task handed back');
    } catch (error) {
      // Its lock runs out within a minute, and then the stalled check of another worker finds it.
      this.logger.warn(`task ${String(job.id)} could not be handed back: ${messageOf(error)}`);
    }
  }
}

/** Whether the work was done within the time; a failure of the work is thrown. */
async function within(ms: number, work: Promise<unknown>): Promise<boolean> {
  const stop = new AbortController();
  const late = delay(ms, false, { signal: stop.signal }).catch(() => false);
  const done = await Promise.race([work.then(() => true), late]);
  stop.abort();
  return done;
}
