import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import type { Job, Queue } from 'bull';
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../../../core/errors/index.js';
import { disown, internalsOf, waitOneAtATime } from '../bull/bull-internals.js';
import { handBack } from '../bull/hand-back.js';
import type { QueueName } from '../bull/queue-names.js';
import { Queues } from '../bull/queues.js';
import { type QueuesConfig, queuesConfig } from '../queues.config.js';
import { WorkerShutdownError } from '../queues.errors.js';
import { TaskRegistry } from '../tasks/task-registry.js';
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
      waitOneAtATime(queue);
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
    for (const queue of queues) void this.stopTaking(queue);
    const drained = await within(this.config.drainTimeoutMs, this.idle());
    if (!drained) {
      this.logger.warn({ tasks: this.running.size }, 'tasks did not finish in time; handing them back');
      this.shutdown.abort(new WorkerShutdownError());
      await within(ABORT_GRACE_MS, this.idle());
    }
    await Promise.all(queues.map((queue) => queue.close(true)));
  }

  /**
   * Bull's pause asks the blocked connection to quit, and goes on taking from it for the half second in which it
   * cannot answer; so the connection is cut. Bull then reconnects it, which fails when Redis is away.
   */
  private async stopTaking(queue: Queue): Promise<void> {
    try {
      const paused = queue.pause(true, true);
      await queue.isReady();
      internalsOf(queue).bclient.disconnect();
      await paused;
    } catch (error) {
      this.logger.debug(`queue ${queue.name} paused without Redis: ${messageOf(error)}`);
    }
  }

  /** Resolves when no task runs; one that was taken in the last moment counts, too. */
  private async idle(): Promise<void> {
    while (this.running.size > 0) await Promise.allSettled(this.running);
  }

  private process(queue: QueueName, job: Job): Promise<unknown> {
    const outcome = this.run(queue, job);
    this.running.add(outcome);
    const forget = (): boolean => this.running.delete(outcome);
    outcome.then(forget, forget);
    return outcome;
  }

  private async run(queue: QueueName, job: Job): Promise<unknown> {
    try {
      // Redis may have given us one more in the moment in which we stopped taking.
      this.shutdown.signal.throwIfAborted();
      return await this.runner.run(queue, job, this.shutdown.signal);
    } catch (error) {
      if (this.shutdown.signal.aborted) await this.giveBack(job);
      throw error;
    }
  }

  private async giveBack(job: Job): Promise<void> {
    disown(job);
    try {
      const given = await handBack(job);
      this.logger.log({ taskId: String(job.id), given }, 'task handed back');
    } catch (error) {
      // Its lock runs out by itself, and then the stalled check of another worker finds it.
      this.logger.warn(`task ${String(job.id)} could not be handed back: ${messageOf(error)}`);
    }
  }
}

/** Whether the work was done within the time. */
async function within(ms: number, work: Promise<unknown>): Promise<boolean> {
  const stop = new AbortController();
  const late = delay(ms, false, { signal: stop.signal }).catch(() => false);
  const done = await Promise.race([work.then(() => true), late]);
  stop.abort();
  return done;
}
