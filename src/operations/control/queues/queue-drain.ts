import { Inject, Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { randomBytes } from 'node:crypto';
import { type RedisConfig, redisConfig, SHARED_REDIS } from '../../../core/redis/index.js';
import { QueueControl, type QueueName } from '../../../platform/queues/index.js';
import { UnconfirmedDrainError } from './queue.errors.js';

export const CONFIRM_SECONDS = 60;
const BATCH = 500;
/** Below the time in which a request has to be answered; what is left is left to the next call. */
const MOST_MS = 15_000;

export interface DrainOffer {
  readonly token: string;
  /** Tasks that waited when the token was made; no more of them are revoked by it. */
  readonly count: number;
}

/** Revoking all that waits in a queue: first what that would be is told, then whoever was told confirms it. */
@Injectable()
export class QueueDrain {
  private readonly prefix: string;

  constructor(
    private readonly queues: QueueControl,
    @Inject(SHARED_REDIS) private readonly redis: Redis,
    @Inject(redisConfig.token) config: RedisConfig,
  ) {
    this.prefix = `${config.prefix}:ops:drain:`;
  }

  /** @param keyId who may confirm it. */
  async offer(queue: QueueName, keyId: string): Promise<DrainOffer> {
    const { waiting: count } = await this.queues.state(queue);
    const token = randomBytes(16).toString('base64url');
    await this.redis.set(this.prefix + token, JSON.stringify([queue, keyId, count]), 'EX', CONFIRM_SECONDS);
    return { token, count };
  }

  /**
   * Revokes what waited when the token was made, those that have waited longest first. A token is good once.
   * @throws UnconfirmedDrainError
   */
  async confirm(
    queue: QueueName,
    keyId: string,
    token: string,
  ): Promise<{ drained: number; remaining: number }> {
    const offered = await this.redis.getdel(this.prefix + token);
    const [offeredQueue, offeredTo, count] = JSON.parse(offered ?? '[]') as [string?, string?, number?];
    if (offeredQueue !== queue || offeredTo !== keyId || count === undefined)
      throw new UnconfirmedDrainError(queue, CONFIRM_SECONDS);
    const until = performance.now() + MOST_MS;
    let drained = 0;
    while (drained < count && performance.now() < until) {
      const batch = await this.queues.drain(queue, Math.min(BATCH, count - drained));
      if (batch === 0) break;
      drained += batch;
    }
    const { waiting: remaining } = await this.queues.state(queue);
    return { drained, remaining };
  }
}
