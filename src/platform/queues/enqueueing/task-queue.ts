import { Inject, Injectable } from '@nestjs/common';
import type { JobOptions } from 'bull';
import { setTimeout as delay } from 'node:timers/promises';
import { FULL_JITTER } from '../tasks/backoff.js';
import { Queues } from '../bull/queues.js';
import { type QueuesConfig, queuesConfig } from '../queues.config.js';
import { QueueUnavailableError } from '../queues.errors.js';
import type { TaskDefinition } from '../tasks/task.js';
import { seal } from '../tasks/task-envelope.js';
import { TaskMetrics } from '../tasks/task-metrics.js';

/** Puts tasks on their queues; available in every mode. */
@Injectable()
export class TaskQueue {
  constructor(
    private readonly queues: Queues,
    private readonly metrics: TaskMetrics,
    @Inject(queuesConfig.token) private readonly config: QueuesConfig,
  ) {}

  /**
   * Enqueues a task under an id of the caller's choice; enqueueing the same id again does nothing while the
   * earlier task is kept. The id must not contain ":".
   * @throws InvalidInputError, TaskTooLargeError: the payload is refused. QueueUnavailableError: Redis does not answer;
   *   the task may still arrive later, so its handler has to check that it is still wanted.
   */
  async enqueue<P>(task: TaskDefinition<P>, payload: P, taskId: string): Promise<void> {
    const options: JobOptions = {
      jobId: taskId,
      attempts: task.attempts,
      backoff: { type: FULL_JITTER, options: task.backoff },
    };
    const envelope = seal(task, payload);
    const giveUp = new AbortController();
    try {
      await Promise.race([
        this.queues.of(task.queue).add(task.name, envelope, options),
        delay(this.config.enqueueTimeoutMs, undefined, { signal: giveUp.signal }).then(() => {
          throw new Error(`no answer within ${this.config.enqueueTimeoutMs} ms`);
        }),
      ]);
    } catch (error) {
      throw new QueueUnavailableError(task.name, { cause: error });
    } finally {
      giveUp.abort();
    }
    this.metrics.sent.inc({ task: task.name, queue: task.queue });
  }
  /** Where a task is: still to come or under way, ended (kept for a while), or not there at all. */
  async stateOf<P>(task: TaskDefinition<P>, taskId: string): Promise<'live' | 'ended' | 'missing'> {
    const job = await this.queues.of(task.queue).getJob(taskId);
    if (!job) return 'missing';
    const state = await job.getState();
    return state === 'completed' || state === 'failed' ? 'ended' : 'live';
  }
}
