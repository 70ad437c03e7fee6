import { Inject, Injectable } from '@nestjs/common';
import { createHash } from 'node:crypto';
import { withDeadline } from '../../../core/deadline/index.js';
import { type RedisConfig, redisConfig } from '../../../core/redis/index.js';
import { type Added, addJobs } from '../bull/add-jobs.js';
import { Queues } from '../bull/queues.js';
import { type QueuesConfig, queuesConfig } from '../queues.config.js';
import { QueueUnavailableError } from '../queues.errors.js';
import type { RawTask } from '../tasks/raw-task.js';
import { TaskEvents } from '../tasks/task-events.js';
import { TaskMetrics } from '../tasks/task-metrics.js';

/** Jobs of one script call: Redis serves nobody else meanwhile, about 5 ms. */
const CHUNK = 500;

/** Puts tasks into Redis, and tells what was sent. */
@Injectable()
export class Sender {
  private readonly keyPrefix: string;

  constructor(
    private readonly queues: Queues,
    private readonly events: TaskEvents,
    private readonly metrics: TaskMetrics,
    @Inject(queuesConfig.token) private readonly config: QueuesConfig,
    @Inject(redisConfig.token) redis: RedisConfig,
  ) {
    this.keyPrefix = `${redis.prefix}:key:`;
  }

  /**
   * @param tasks of one queue.
   * @param once for what comes from the outbox: see `addJobs`.
   * @throws QueueUnavailableError: no answer in time; the tasks may arrive none the less.
   */
  async send(tasks: readonly RawTask[], once = false): Promise<Added[]> {
    const answers: Added[] = [];
    for (let from = 0; from < tasks.length; from += CHUNK) {
      const chunk = tasks.slice(from, from + CHUNK);
      const added = await this.sendChunk(chunk, once);
      for (const [index, task] of chunk.entries()) if (added[index]?.outcome === 'added') this.sent(task);
      answers.push(...added);
    }
    return answers;
  }

  private async sendChunk(tasks: readonly RawTask[], once: boolean): Promise<Added[]> {
    const [first] = tasks;
    if (!first) return [];
    const adding = addJobs(this.queues.of(first.queue), tasks, (task) => this.keyOf(task), once);
    return this.inTime(first.name, adding);
  }

  /** @throws QueueUnavailableError when Redis does not answer. */
  async ping(task: string): Promise<void> {
    await this.inTime(task, this.queues.client.ping());
  }

  private async inTime<T>(task: string, answer: Promise<T>): Promise<T> {
    try {
      return await withDeadline(answer, this.config.enqueueTimeoutMs);
    } catch (error) {
      throw new QueueUnavailableError(task, { cause: error });
    }
  }

  private sent(task: RawTask): void {
    this.metrics.sent.inc({ task: task.name, queue: task.queue });
    this.events.emit({ type: 'sent', at: task.envelope.enqueuedAt, task });
  }

  private keyOf({ name, envelope }: RawTask): string {
    const { key } = envelope.headers;
    return key === undefined
      ? ''
      : this.keyPrefix + createHash('sha256').update(`${name}\n${key}`).digest('hex');
  }
}
