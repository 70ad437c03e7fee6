import { Inject, Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { type QueueName, Queues } from '../../queues/index.js';
import { WORKERS_REDIS } from '../workers-redis.js';
import { type AnswerTo, SCHEDULED_A_QUEUE, type ScheduledTask } from './answers.js';

/** Bull orders delayed jobs by their time multiplied by this, plus the last bits of a running number. */
const SCORE_PER_MS = 0x1000;

/**
 * The tasks that wait for their time. Read from Bull's delayed sets directly: asking Bull for the jobs would load their
 * payloads, 256 KB each.
 */
@Injectable()
export class ScheduledTasks {
  constructor(
    private readonly queues: Queues,
    @Inject(WORKERS_REDIS) private readonly redis: Redis,
  ) {}

  /** Those that are due next, of each queue no more than 100; `count` is of all. */
  async next(): Promise<AnswerTo<'scheduled'>> {
    const names = [...this.queues.all.keys()];
    const found = await Promise.all(names.map((name) => this.ofQueue(name)));
    return {
      count: found.reduce((sum, { count }) => sum + count, 0),
      tasks: found.flatMap(({ tasks }) => tasks).sort((a, b) => a.eta - b.eta),
    };
  }

  private async ofQueue(queue: QueueName): Promise<{ count: number; tasks: ScheduledTask[] }> {
    const bull = this.queues.of(queue);
    const key = bull.toKey('delayed');
    const [count, scored] = await Promise.all([
      this.redis.zcard(key),
      this.redis.zrange(key, 0, SCHEDULED_A_QUEUE - 1, 'WITHSCORES'),
    ]);
    const due = scored.flatMap((id, at) =>
      at % 2 === 0 ? { id, eta: Math.floor(Number(scored[at + 1]) / SCORE_PER_MS) } : [],
    );
    const jobs = await Promise.all(
      due.map(({ id }) => this.redis.hmget(bull.toKey(id), 'name', 'attemptsMade')),
    );
    const tasks = due.flatMap(({ id, eta }, at) => {
      const [name, attemptsMade] = jobs[at] ?? [];
      // One whose time came in between may be gone.
      return name ? { id, name: name.slice(0, 200), queue, eta, attempt: Number(attemptsMade ?? 0) + 1 } : [];
    });
    return { count, tasks };
  }
}
