import { Inject, Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { NotFoundError } from '../../../core/errors/index.js';
import { type RedisConfig, redisConfig, SHARED_REDIS } from '../../../core/redis/index.js';
import type { BulkOperation } from './bulk-operation.js';

const KEPT_SECONDS = 7 * 24 * 3600;
/** Without a sign of life for so long the process of an operation is taken for dead. */
const ALIVE_MS = 15_000;

/** How far bulk operations are: in Redis, so that every process can tell, for a week. */
@Injectable()
export class BulkProgress {
  private readonly prefix: string;

  constructor(
    @Inject(SHARED_REDIS) private readonly redis: Redis,
    @Inject(redisConfig.token) config: RedisConfig,
  ) {
    this.prefix = `${config.prefix}:ops:bulk:`;
  }

  /** Also a sign of life. */
  async save(operation: BulkOperation): Promise<void> {
    const key = this.prefix + operation.id;
    const answers = await this.redis
      .multi()
      .set(key, JSON.stringify(operation), 'EX', KEPT_SECONDS)
      .set(`${key}:alive`, 1, 'PX', ALIVE_MS)
      .exec();
    for (const [error] of answers ?? []) if (error) throw error;
  }

  async stillAlive(id: string): Promise<void> {
    await this.redis.set(`${this.prefix}${id}:alive`, 1, 'PX', ALIVE_MS);
  }

  /** @throws NotFoundError */
  async load(id: string): Promise<BulkOperation> {
    const key = this.prefix + id;
    const [json, alive] = await this.redis.mget(key, `${key}:alive`);
    if (json === null || json === undefined) throw new NotFoundError('bulk operation', id);
    const operation = JSON.parse(json) as BulkOperation;
    return operation.state === 'running' && alive === null
      ? { ...operation, state: 'interrupted' }
      : operation;
  }
}
