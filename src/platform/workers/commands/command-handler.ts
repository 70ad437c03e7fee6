import { Injectable } from '@nestjs/common';
import { Config } from '../../../core/config/index.js';
import { NotFoundError } from '../../../core/errors/index.js';
import { ControllableWorker, type HeldTask, type QueueName, TaskLimits } from '../../queues/index.js';
import { toWorkerTasks } from '../registry/worker-facts.js';
import { WorkerReport } from '../registry/worker-report.js';
import { type AnswerTo, TASKS_AN_ANSWER } from './answers.js';
import type { CommandType, WorkerCommand } from './commands.js';
import { ProfileTaking } from './profile-taking.js';
import { ScheduledTasks } from './scheduled-tasks.js';
import { Shutdown } from './shutdown.js';

type CommandOf<T extends CommandType> = Extract<WorkerCommand, { type: T }>;
type Handlers = { [T in CommandType]: (command: CommandOf<T>) => AnswerTo<T> | Promise<AnswerTo<T>> };

/** Carries out commands in the process of a worker. */
@Injectable()
export class CommandHandler {
  private readonly handlers: Handlers;

  constructor(
    private readonly worker: ControllableWorker,
    private readonly limits: TaskLimits,
    report: WorkerReport,
    config: Config,
    scheduled: ScheduledTasks,
    shutdown: Shutdown,
    profiles: ProfileTaking,
  ) {
    this.handlers = {
      ping: () => ({ pong: true }),
      stats: () => report.facts(),
      conf: () => ({ settings: config.shown() }),
      registered: () => this.registered(),
      active: () => listed(worker.snapshot().active),
      reserved: () => listed(worker.snapshot().reserved),
      scheduled: () => scheduled.next(),
      'pool.grow': ({ by }) => this.resize(worker.snapshot().concurrency + by),
      'pool.shrink': ({ by }) => this.resize(Math.max(1, worker.snapshot().concurrency - by)),
      'pool.resize': ({ to }) => this.resize(to),
      'pool.autoscale': ({ bounds }) => this.autoscale(bounds),
      'queue.add-consumer': ({ queue }) => this.consume(queue, true),
      'queue.cancel-consumer': ({ queue }) => this.consume(queue, false),
      'rate-limit': (command) => this.limitRate(command),
      'time-limit': (command) => this.limitTime(command),
      pause: () => {
        worker.pause();
        return { paused: worker.snapshot().paused };
      },
      resume: () => {
        worker.resume();
        return { paused: worker.snapshot().paused };
      },
      shutdown: () => {
        shutdown.begin();
        return { shuttingDown: true };
      },
      profile: ({ id, seconds }) => profiles.begin(id, seconds),
      'profile.cancel': ({ id }) => ({ cancelled: profiles.cancel(id) }),
      revoke: ({ ids, how }) => ({ revoked: ids.filter((id) => worker.revoke(id, how)) }),
    };
  }

  /** @throws NotFoundError when the command is about a task that this worker does not know. */
  async handle<C extends WorkerCommand>(command: C): Promise<AnswerTo<C['type']>> {
    const handler = this.handlers[command.type] as (command: C) => Promise<AnswerTo<C['type']>>;
    return handler(command);
  }

  private registered(): AnswerTo<'registered'> {
    return {
      tasks: this.worker
        .registered()
        .map(({ name, queue, version, attempts, deadlineMs, isolated, critical }) => ({
          name,
          queue,
          version,
          attempts,
          deadlineMs,
          isolated,
          critical,
        })),
    };
  }

  private resize(to: number): { concurrency: number } {
    return { concurrency: this.worker.resize(to) };
  }

  private autoscale(bounds: CommandOf<'pool.autoscale'>['bounds']): AnswerTo<'pool.autoscale'> {
    this.worker.autoscale(bounds ?? undefined);
    const { concurrency, autoscale = null } = this.worker.snapshot();
    return { concurrency, autoscale };
  }

  private consume(queue: QueueName, consuming: boolean): AnswerTo<'queue.add-consumer'> {
    this.worker.consume(queue, consuming);
    return { queues: [...this.worker.snapshot().queues] };
  }

  private async limitRate({ task, rate }: CommandOf<'rate-limit'>): Promise<AnswerTo<'rate-limit'>> {
    this.expectRegistered(task);
    await this.limits.setRate(task, rate);
    return { task, rate };
  }

  private async limitTime({ task, limits }: CommandOf<'time-limit'>): Promise<AnswerTo<'time-limit'>> {
    this.expectRegistered(task);
    await this.limits.setTime(task, limits);
    return { task, limits };
  }

  /** A limit of a misspelt name would be kept, and limit nothing. */
  private expectRegistered(task: string): void {
    if (!this.worker.registered().some(({ name }) => name === task)) throw new NotFoundError('task', task);
  }
}

function listed(held: readonly HeldTask[]): AnswerTo<'active'> {
  return { count: held.length, tasks: toWorkerTasks(held, TASKS_AN_ANSWER) };
}
