import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import type { Queue } from 'bull';
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../../../core/errors/index.js';
import { instanceId } from '../../../core/process/index.js';
import { startHousekeeping } from '../bull/bull-internals.js';
import type { QueueName } from '../bull/queue-names.js';
import { Queues } from '../bull/queues.js';
import type { TakenJob } from '../bull/take-jobs.js';
import { type QueuesConfig, queuesConfig } from '../queues.config.js';
import { TaskLockLostError, TaskRevokedError, WorkerShutdownError } from '../queues.errors.js';
import { type RevokeHow, Tombstones } from '../revoking/tombstones.js';
import { type TaskEvent, TaskEvents } from '../tasks/task-events.js';
import { TaskRegistry } from '../tasks/task-registry.js';
import { Attempt } from './attempt.js';
import { autoscaled, type Bounds } from './autoscaling.js';
import { ControllableWorker, type RunnableTask, type WorkerSnapshot } from './controllable-worker.js';
import { QueueConsumer } from './queue-consumer.js';
import { SlotPool } from './slot-pool.js';
import { TaskRunner } from './task-runner.js';

/** How long aborted handlers get to return before the process closes its connections under them. */
const ABORT_GRACE_MS = 3000;
/** How often it is looked whether a running task is revoked: whoever revoked it may have reached nobody. */
const WATCH_MS = 500;
const MAX_POOL = 3000;
const AUTOSCALE_MS = 1000;

/**
 * Takes tasks from the queues while the process lives, and is what operators control.
 *
 * Shutdown: 1. take nothing new; 2. let what runs finish, up to the drain time-out; 3. abort the rest and hand it back
 * to its queue, where another worker finds it at once; 4. close the queues. Connections are closed after that.
 */
@Injectable()
export class TaskWorker
  extends ControllableWorker
  implements OnApplicationBootstrap, BeforeApplicationShutdown
{
  readonly id = instanceId;
  private readonly logger = new Logger(TaskWorker.name);
  private readonly pool: SlotPool<QueueName>;
  private readonly consumers = new Map<QueueName, QueueConsumer>();
  private readonly attempts = new Map<string, Attempt>();
  private readonly running = new Set<Promise<void>>();
  private readonly timers: NodeJS.Timeout[] = [];
  private readonly totals = { processed: 0, succeeded: 0, failed: 0, retried: 0, revoked: 0 };
  private bounds: Bounds | undefined;
  /** What is consumed when it is not paused. */
  private readonly wanted = new Set<QueueName>();
  private paused = false;
  private draining = false;

  constructor(
    private readonly queues: Queues,
    private readonly registry: TaskRegistry,
    private readonly runner: TaskRunner,
    private readonly tombstones: Tombstones,
    private readonly events: TaskEvents,
    @Inject(queuesConfig.token) private readonly config: QueuesConfig,
  ) {
    super();
    this.pool = new SlotPool(config.concurrency, config.weights);
  }

  /** Not earlier: a task taken in `onModuleInit` could run before the services that it needs are ready. */
  onApplicationBootstrap(): void {
    for (const [name, queue] of this.queues.all) {
      startHousekeeping(queue, (error) =>
        this.logger.error({ err: error, queue: name }, 'queue is not looked after any more'),
      );
      this.wanted.add(name);
      this.consumers.set(name, this.consumer(name, queue));
    }
    this.timers.push(
      setInterval(() => void this.watch(), WATCH_MS),
      setInterval(() => this.scale(), AUTOSCALE_MS),
    );
    this.logger.log(
      { tasks: this.registry.names(), concurrency: this.config.concurrency, workerId: this.id },
      'worker takes tasks',
    );
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.draining = true;
    const consumers = [...this.consumers.values()];
    const closed = Promise.all(consumers.map((consumer) => consumer.close()));
    await within(ABORT_GRACE_MS, closed);
    const drained = await within(this.config.drainTimeoutMs, this.idle());
    if (!drained) {
      this.logger.warn({ tasks: this.running.size }, 'tasks did not finish in time; handing them back');
      for (const attempt of this.attempts.values()) attempt.abort(new WorkerShutdownError());
      await within(ABORT_GRACE_MS, this.idle());
    }
    for (const timer of this.timers) clearInterval(timer);
    await Promise.all([...this.queues.all.values()].map((queue) => queue.close(true)));
  }

  snapshot(): WorkerSnapshot {
    const held = [...this.attempts.values()].map((attempt) => attempt.held);
    return {
      queues: [...this.consumers].map(([name, consumer]) => ({ name, consuming: consumer.isConsuming })),
      concurrency: this.pool.size,
      ...(this.bounds && { autoscale: this.bounds }),
      paused: this.paused,
      draining: this.draining,
      active: held.filter(({ waiting }) => !waiting),
      reserved: held.filter(({ waiting }) => waiting),
      totals: { ...this.totals },
    };
  }

  lastContact(): number {
    return Math.min(...[...this.consumers.values()].map((consumer) => consumer.lastContact));
  }

  registered(): RunnableTask[] {
    return this.registry.all().map(({ definition }) => {
      const { name, queue, version, attempts, deadlineMs, isolated, critical = false } = definition;
      return { name, queue, version, attempts, deadlineMs, isolated: isolated !== undefined, critical };
    });
  }

  resize(concurrency: number): number {
    this.bounds = undefined;
    this.pool.resize(Math.max(0, Math.min(MAX_POOL, concurrency)));
    return this.pool.size;
  }

  autoscale(bounds: Bounds | undefined): void {
    this.bounds = bounds;
    this.scale();
  }

  consume(queue: QueueName, consuming: boolean): void {
    if (consuming) this.wanted.add(queue);
    else this.wanted.delete(queue);
    if (!this.paused) this.consumers.get(queue)?.consume(consuming);
  }

  pause(): void {
    this.paused = true;
    for (const consumer of this.consumers.values()) consumer.consume(false);
  }

  resume(): void {
    this.paused = false;
    for (const queue of this.wanted) this.consumers.get(queue)?.consume(true);
  }

  revoke(taskId: string, how: RevokeHow): boolean {
    const attempt = this.attempts.get(taskId);
    if (!attempt) return false;
    attempt.abort(new TaskRevokedError(taskId));
    if (how === 'terminate') attempt.terminate();
    return true;
  }

  private consumer(name: QueueName, queue: Queue): QueueConsumer {
    return new QueueConsumer({
      name,
      queue,
      pool: this.pool,
      lockMs: this.config.lockDurationMs,
      tombstones: this.tombstones.prefix,
      begin: (taken) => this.begin(name, taken),
      full: () => this.events.full(),
    });
  }

  private begin(queue: QueueName, taken: TakenJob): void {
    const critical = this.registry.get(taken.job.name)?.definition.critical ?? false;
    const attempt = new Attempt(queue, taken, critical);
    // A start of it that this worker had lost without noticing ends now.
    this.attempts.get(attempt.id)?.abort(new TaskLockLostError(attempt.id));
    this.attempts.set(attempt.id, attempt);
    // Redis may have given us one more in the moment in which we stopped.
    if (this.draining) attempt.abort(new WorkerShutdownError());
    const ended = this.runner.run(attempt).then((outcome) => {
      this.count(outcome);
      if (this.attempts.get(attempt.id) === attempt) this.attempts.delete(attempt.id);
      this.running.delete(ended);
      this.pool.release(queue);
    });
    this.running.add(ended);
  }

  private count(outcome: TaskEvent['type']): void {
    this.totals.processed++;
    if (outcome === 'succeeded') this.totals.succeeded++;
    if (outcome === 'failed') this.totals.failed++;
    if (outcome === 'retry') this.totals.retried++;
    if (outcome === 'revoked' || outcome === 'withdrawn') this.totals.revoked++;
  }

  private async watch(): Promise<void> {
    try {
      const revoked = await this.tombstones.find([...this.attempts.keys()]);
      for (const [id, how] of revoked) this.revoke(id, how);
    } catch (error) {
      this.logger.debug(`it could not be looked who is revoked: ${messageOf(error)}`);
    }
  }

  private scale(): void {
    if (!this.bounds) return;
    this.pool.resize(autoscaled(this.pool, this.pool.isShort, this.bounds));
  }

  /** Resolves when no task runs; one that was taken in the last moment counts, too. */
  private async idle(): Promise<void> {
    while (this.running.size > 0) await Promise.all(this.running);
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
