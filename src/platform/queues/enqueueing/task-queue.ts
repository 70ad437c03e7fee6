import { Inject, Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { DataSource, type EntityManager } from 'typeorm';
import { correlation } from '../../../core/correlation/index.js';
import { InvalidInputError } from '../../../core/errors/index.js';
import type { Added } from '../bull/add-jobs.js';
import { RESERVED_IDS } from '../bull/bull-internals.js';
import { Queues } from '../bull/queues.js';
import { type QueuesConfig, queuesConfig } from '../queues.config.js';
import { QueueUnavailableError } from '../queues.errors.js';
import { Tombstones } from '../revoking/tombstones.js';
import type { RawTask } from '../tasks/raw-task.js';
import type { TaskDefinition } from '../tasks/task.js';
import { TaskCatalogue } from '../tasks/task-catalogue.js';
import { assertCarriable, seal, type TaskHeaders } from '../tasks/task-envelope.js';
import { TaskEvents } from '../tasks/task-events.js';
import { Outbox } from './outbox.js';
import { OutboxRelay } from './outbox-relay.js';
import { Sender } from './sender.js';

export interface EnqueueOptions {
  /** Of the caller's choice, unique for ever; random by default. Enqueueing the same id again does nothing. */
  readonly id?: string;
  /** Not begun before. */
  readonly eta?: Date;
  /** Not begun after; then it ends as `expired`. */
  readonly expiresAt?: Date;
  /** Transaction with which the task comes into being: both happen, or nothing. */
  readonly within?: EntityManager;
  /** `false`: of no use later, so it is refused when Redis is away, whatever the configuration. */
  readonly durable?: boolean;
}

export interface Enqueued {
  /** Of the task; of another one that has the same idempotency key, when there is one that has not ended. */
  readonly id: string;
  /** Whether it was not there before. */
  readonly created: boolean;
  /** `outbox`: PostgreSQL has it, and Redis will, as soon as the transaction commits or Redis is back. */
  readonly via: 'queue' | 'outbox';
}

/** Puts tasks on their queues; available in every mode. */
@Injectable()
export class TaskQueue {
  constructor(
    private readonly queues: Queues,
    private readonly sender: Sender,
    private readonly outbox: Outbox,
    private readonly relay: OutboxRelay,
    private readonly tombstones: Tombstones,
    private readonly catalogue: TaskCatalogue,
    private readonly events: TaskEvents,
    private readonly dataSource: DataSource,
    @Inject(queuesConfig.token) private readonly config: QueuesConfig,
  ) {}

  /**
   * Enqueues a task. While Redis is away PostgreSQL keeps it, unless QUEUE_WHEN_UNAVAILABLE says that it be refused.
   * @throws InvalidInputError, TaskTooLargeError: the payload or the id is refused. QueueUnavailableError: Redis does not answer;
   *   the task may still arrive later, so its handler has to check that it is still wanted.
   */
  async enqueue<P>(task: TaskDefinition<P>, payload: P, options: EnqueueOptions = {}): Promise<Enqueued> {
    const raw = rawTask(task, payload, options);
    if (options.within) {
      if (this.config.whenUnavailable === 'refuse') await this.sender.ping(task.name);
      return this.keep(raw, options.within);
    }
    return this.sendOrKeep(raw, options.durable ?? true);
  }

  /**
   * Enqueues many tasks of one kind, 500 a call of Redis.
   * @returns what became of each, in their order.
   * @throws as `enqueue`; after QueueUnavailableError some of them may be on the queue.
   */
  async enqueueMany<P>(
    task: TaskDefinition<P>,
    payloads: readonly P[],
    options: Omit<EnqueueOptions, 'id'> = {},
  ): Promise<Enqueued[]> {
    const tasks = payloads.map((payload) => rawTask(task, payload, options));
    if (options.within) {
      await this.outbox.insert(tasks, options.within);
      this.relay.sendAfter(options.within);
      return tasks.map(({ id }) => ({ id, created: true, via: 'outbox' }));
    }
    await this.events.full();
    const added = await this.sender.send(tasks);
    return tasks.map(({ id }, index) => enqueued(id, added[index]));
  }

  /**
   * Enqueues a task that was stored, as it was. The payload is checked if this release knows the task.
   * @throws as `enqueue`.
   */
  async enqueueRaw(task: RawTask): Promise<Enqueued> {
    assertCarriable(task.name, task.envelope.payload);
    const parsed = this.catalogue.get(task.name)?.schema.safeParse(task.envelope.payload);
    if (parsed && !parsed.success)
      throw InvalidInputError.fromIssues(parsed.error.issues, task.envelope.payload, 'payload');
    return this.sendOrKeep(task, true);
  }

  /** Where a task is: still to come or under way, ended, or not there at all. */
  async stateOf<P>(task: TaskDefinition<P>, taskId: string): Promise<'live' | 'ended' | 'missing'> {
    const job = await this.queues.of(task.queue).getJob(taskId);
    if (job) {
      const state = await job.getState();
      return state === 'completed' || state === 'failed' ? 'ended' : 'live';
    }
    if ((await this.tombstones.find([taskId])).size > 0) return 'ended';
    const rows: { where: 'live' | 'ended' }[] = await this.dataSource.query(
      `SELECT 'live' AS where FROM task_outbox WHERE id = $1
       UNION ALL SELECT 'ended' FROM task WHERE id = $1 AND finished_at IS NOT NULL`,
      [taskId],
    );
    return rows[0]?.where ?? 'missing';
  }

  private async sendOrKeep(task: RawTask, durable: boolean): Promise<Enqueued> {
    try {
      const [added] = await this.sender.send([task]);
      return enqueued(task.id, added);
    } catch (error) {
      const keep =
        durable && this.config.whenUnavailable === 'outbox' && error instanceof QueueUnavailableError;
      if (!keep) throw error;
      return this.keep(task);
    }
  }

  private async keep(task: RawTask, within?: EntityManager): Promise<Enqueued> {
    await this.outbox.insert([task], within);
    if (within) this.relay.sendAfter(within);
    return { id: task.id, created: true, via: 'outbox' };
  }
}

const ID = /^[\w-]{1,128}$/;

function rawTask<P>(task: TaskDefinition<P>, payload: P, options: EnqueueOptions): RawTask {
  const { id = randomUUID(), eta, expiresAt } = options;
  if (!ID.test(id) || RESERVED_IDS.has(id)) throw invalidId(id);
  const headers = {
    ...causeOf(id),
    ...(eta && { eta: eta.getTime() }),
    ...(expiresAt && { expiresAt: expiresAt.getTime() }),
  };
  const { name, queue, attempts: maxAttempts, backoff, critical = false } = task;
  return { id, name, queue, envelope: seal(task, payload, headers), maxAttempts, backoff, critical };
}

function invalidId(id: string): InvalidInputError {
  const expected = '1 to 128 letters, digits, "_" and "-", and no word that Bull uses itself';
  return new InvalidInputError([
    { field: 'id', message: `expected ${expected}, got ${JSON.stringify(id.slice(0, 150))}` },
  ]);
}

/** What led to the task: the request or the task in which it is enqueued. */
function causeOf(id: string): Omit<TaskHeaders, 'key'> {
  const cause = correlation();
  if (!cause) return { correlationId: id };
  const { correlationId, requestId, taskId, rootTaskId } = cause;
  return {
    correlationId,
    ...(requestId !== undefined && { requestId }),
    ...(taskId !== undefined && { parentId: taskId, rootId: rootTaskId ?? taskId }),
  };
}

function enqueued(id: string, added: Added | undefined): Enqueued {
  if (added?.outcome === 'taken') return { id: added.by, created: false, via: 'queue' };
  return { id, created: added?.outcome === 'added', via: 'queue' };
}
