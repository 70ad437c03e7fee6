import { Inject, Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { randomBytes } from 'node:crypto';
import { parseJson } from '../../core/json/index.js';
import { type RedisConfig, redisConfig, SHARED_REDIS } from '../../core/redis/index.js';

export const CONFIRM_SECONDS = 60;

/**
 * For what cannot be undone: first it is told what it would be, and a token is given; then whoever was told confirms it.
 * A token is good once, for the same key and the same thing, for a minute.
 */
@Injectable()
export class Confirmations {
  private readonly prefix: string;

  constructor(
    @Inject(SHARED_REDIS) private readonly redis: Redis,
    @Inject(redisConfig.token) config: RedisConfig,
  ) {
    this.prefix = `${config.prefix}:ops:confirm:`;
  }

  /** @param keyId who may confirm it. @param count of what was there then; no more of it is meant. */
  async offer(what: string, keyId: string, count: number): Promise<string> {
    const token = randomBytes(16).toString('base64url');
    await this.redis.set(this.prefix + token, JSON.stringify([what, keyId, count]), 'EX', CONFIRM_SECONDS);
    return token;
  }

  /** @returns the count that was offered; `undefined` unless the same key was offered the same. */
  async take(what: string, keyId: string, token: string): Promise<number | undefined> {
    const offered = parseJson((await this.redis.getdel(this.prefix + token)) ?? '') ?? [];
    const [offeredWhat, offeredTo, count] = offered as [string?, string?, number?];
    return offeredWhat === what && offeredTo === keyId ? count : undefined;
  }
}
