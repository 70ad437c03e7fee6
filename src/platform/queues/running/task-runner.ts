import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Job } from 'bull';
import { PinoLogger } from 'nestjs-pino';
import { WorkUnits } from '../../../core/database/index.js';
import { isRetryable } from '../../../core/errors/index.js';
import { disown } from '../bull/bull-internals.js';
import { JobLock } from './job-lock.js';
import type { QueueName } from '../bull/queue-names.js';
import { type QueuesConfig, queuesConfig } from '../queues.config.js';
import { TaskDeadlineError, TaskLockLostError, UnknownTaskError } from '../queues.errors.js';
import type { TaskContext } from '../tasks/task.js';
import { unseal } from '../tasks/task-envelope.js';
import { TaskMetrics } from '../tasks/task-metrics.js';
import { type RegisteredTask, TaskRegistry } from '../tasks/task-registry.js';

/** Runs one attempt of one task: finds its handler, keeps its lock, watches its deadline, counts and logs it. */
@Injectable()
export class TaskRunner {
  private readonly logger = new Logger(TaskRunner.name);

  constructor(
    private readonly registry: TaskRegistry,
    private readonly metrics: TaskMetrics,
    private readonly pino: PinoLogger,
    private readonly units: WorkUnits,
    @Inject(queuesConfig.token) private readonly config: QueuesConfig,
  ) {}

  /**
   * @param stop aborts the attempt from outside; its reason is thrown.
   * @returns what the handler returned; Bull stores it.
   * @throws whatever made the attempt fail; Bull then asks {@link backoffMs} whether and when to try again.
   */
  async run(queue: QueueName, job: Job, stop: AbortSignal): Promise<unknown> {
    const bindings = { taskId: String(job.id), task: job.name, queue, attempt: job.attemptsMade + 1 };
    const name = this.registry.get(job.name)?.definition.name ?? 'unknown';
    return this.pino.runInContext(() => this.units.run('task', name, () => this.observe(queue, job, stop)), {
      bindings,
    });
  }

  private async observe(queue: QueueName, job: Job, stop: AbortSignal): Promise<unknown> {
    const task = this.registry.get(job.name);
    // Only declared names become label values: a queue can hold anything, and labels have to stay few.
    const labels = { task: task?.definition.name ?? 'unknown', queue };
    const start = performance.now();
    this.metrics.started.inc(labels);
    this.logger.log('task started');
    try {
      if (!task) throw new UnknownTaskError(job.name);
      const result = await this.attempt(task, job, stop, labels);
      this.metrics.succeeded.inc(labels);
      this.logger.log({ seconds: secondsSince(start) }, 'task succeeded');
      return result;
    } catch (error) {
      // A stop from outside is no failure of the task: the worker decides what becomes of it.
      if (!stop.aborted) this.reportFailure(error, job, labels, secondsSince(start));
      throw error;
    } finally {
      this.metrics.runtime.observe(labels, secondsSince(start));
    }
  }

  private async attempt(
    { definition, handler }: RegisteredTask,
    job: Job,
    stop: AbortSignal,
    labels: Record<string, string>,
  ): Promise<unknown> {
    const { payload, enqueuedAt } = unseal(definition, job.data);
    const waitedSeconds = Math.max(0, (Date.now() - enqueuedAt) / 1000);
    if (job.attemptsMade === 0) this.metrics.wait.observe(labels, waitedSeconds);
    const own = new AbortController();
    const lock = new JobLock(job, this.config.lockDurationMs, (error) => {
      disown(job);
      own.abort(error);
    });
    const deadline = setTimeout(
      () => own.abort(new TaskDeadlineError(definition.name, definition.deadlineMs)),
      definition.deadlineMs,
    );
    const context: TaskContext = {
      taskId: String(job.id),
      attempt: job.attemptsMade + 1,
      start: job.attemptsMade + 1,
      progress: () => undefined,
      log: (message, fields) => this.logger.log({ ...fields }, message),
      heartbeat: () => own.signal.throwIfAborted(),
      signal: AbortSignal.any([own.signal, stop]),
      // What a handler throws after an abort may be any error of the thing that was aborted: the reason decides.
      isFinal: (error) => !stop.aborted && isLastFailure(job, own.signal.aborted ? own.signal.reason : error),
    };
    let result: unknown;
    try {
      result = await handler.handle(payload, context);
    } catch (error) {
      if (!own.signal.aborted) throw error;
    } finally {
      clearTimeout(deadline);
      lock.release();
    }
    // Once aborted, an attempt has failed for that reason, whatever its handler made of it.
    own.signal.throwIfAborted();
    return result;
  }

  private reportFailure(error: unknown, job: Job, labels: Record<string, string>, seconds: number): void {
    if (isLastFailure(job, error)) {
      this.metrics.failed.inc(labels);
      this.logger.error({ err: error, seconds }, 'task failed for good');
    } else {
      this.metrics.retried.inc(labels);
      this.logger.warn(
        { err: error, seconds, attempts: job.opts.attempts },
        'task failed; it will be tried again',
      );
    }
  }
}

/** Mirrors what Bull does with the error: see `backoffMs`. A lost lock means that another worker goes on. */
function isLastFailure(job: Job, error: unknown): boolean {
  if (error instanceof TaskLockLostError) return false;
  return !isRetryable(error) || job.attemptsMade + 1 >= (job.opts.attempts ?? 1);
}

const secondsSince = (start: number): number => Math.round(performance.now() - start) / 1000;
