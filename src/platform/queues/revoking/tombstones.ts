import { Inject, Injectable } from '@nestjs/common';
import { type RedisConfig, redisConfig } from '../../../core/redis/index.js';
import { Queues } from '../bull/queues.js';

/** How a task that runs is ended: by its signal, or by killing the process that it has for itself. */
export type RevokeHow = 'abort' | 'terminate';

/** Longer than anything waits that was not taken out of its queue at once, e.g. behind a Redis that was away. */
const LIFETIME_MS = 7 * 24 * 3600 * 1000;

/** Marks of tasks that are revoked: they are never begun, wherever they turn up. In Redis, beside the queues. */
@Injectable()
export class Tombstones {
  /** First part of their keys. */
  readonly prefix: string;
  readonly lifetimeMs = LIFETIME_MS;

  constructor(
    private readonly queues: Queues,
    @Inject(redisConfig.token) config: RedisConfig,
  ) {
    this.prefix = `${config.prefix}:revoked:`;
  }

  /** Which of the tasks are revoked. */
  async find(ids: readonly string[]): Promise<Map<string, RevokeHow>> {
    if (ids.length === 0) return new Map();
    const found = await this.queues.client.mget(ids.map((id) => this.prefix + id));
    return new Map(
      ids.flatMap((id, index) => {
        const how = found[index];
        return how === 'abort' || how === 'terminate' ? [[id, how] as const] : [];
      }),
    );
  }
}
