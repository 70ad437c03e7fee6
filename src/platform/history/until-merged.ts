import { Inject, Injectable } from '@nestjs/common';
import { SHARED_REDIS } from '../../core/redis/index.js';
import { type RedisConfig, redisConfig } from '../../core/redis/index.js';
import type { Redis } from 'ioredis';
import { type QueueName, Queues, type TaskEnvelope } from '../queues/index.js';

// Until platform/queues has these: `RawTask`, `TaskQueue.enqueueRaw` and `Tombstones.find`, with these signatures.

export interface RawTask {
  readonly id: string;
  readonly name: string;
  readonly queue: QueueName;
  readonly envelope: TaskEnvelope;
  readonly maxAttempts: number;
  readonly backoff: { readonly baseMs: number; readonly maxMs: number };
  readonly critical: boolean;
}

@Injectable()
export class TaskQueue {
  constructor(private readonly queues: Queues) {}

  async enqueueRaw(task: RawTask): Promise<{ id: string; created: boolean; via: 'queue' | 'outbox' }> {
    const queue = this.queues.of(task.queue);
    const created = !(await queue.getJob(task.id));
    await queue.add(task.name, task.envelope, {
      jobId: task.id,
      attempts: task.maxAttempts,
      backoff: { type: 'full-jitter', options: task.backoff },
    });
    return { id: task.id, created, via: 'queue' };
  }
}

@Injectable()
export class Tombstones {
  private readonly prefix: string;

  constructor(
    @Inject(SHARED_REDIS) private readonly redis: Redis,
    @Inject(redisConfig.token) config: RedisConfig,
  ) {
    this.prefix = `${config.prefix}:revoked:`;
  }

  /** Which of the tasks are revoked. */
  async find(ids: readonly string[]): Promise<Map<string, string>> {
    if (ids.length === 0) return new Map();
    const found = await this.redis.mget(ids.map((id) => this.prefix + id));
    return new Map(ids.flatMap((id, index) => (found[index] ? [[id, found[index]] as const] : [])));
  }
}
