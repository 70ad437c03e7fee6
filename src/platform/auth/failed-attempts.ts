import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { messageOf } from '../../core/errors/index.js';
import { type RedisConfig, redisConfig, SHARED_REDIS } from '../../core/redis/index.js';
import { type AuthConfig, authConfig } from './auth.config.js';
import { TooManyFailuresError } from './auth.errors.js';

/** Counts one attempt. Answers: how many there are now, and the milliseconds until they are forgotten. */
const TAKE = `
local count = redis.call('INCR', KEYS[1])
if count == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return {count, redis.call('PTTL', KEYS[1])}`;

/** Takes one back, unless all have been forgotten meanwhile. */
const GIVE_BACK = `
if tonumber(redis.call('GET', KEYS[1]) or '0') > 0 then redis.call('DECR', KEYS[1]) end`;

/** Networks that a process counts by itself while Redis is away. */
const MAX_LOCAL = 10_000;

/** An attempt that was let through. */
export interface Attempt {
  /** It was none of guessing: it does not count. */
  forget(): void;
}

interface Count {
  attempts: number;
  until: number;
}

/**
 * Bounds how often one network may present keys that open nothing, over all processes. An attempt is counted before
 * it is looked at, and taken back when the key was good: of a thousand at the same time, too, no more than the limit
 * are looked at. Other networks have counts of their own.
 */
@Injectable()
export class FailedAttempts {
  private readonly logger = new Logger(FailedAttempts.name);
  private readonly local = new Map<string, Count>();

  constructor(
    @Inject(SHARED_REDIS) private readonly redis: Redis,
    @Inject(redisConfig.token) private readonly redisSettings: RedisConfig,
    @Inject(authConfig.token) private readonly config: AuthConfig,
  ) {}

  /** @throws TooManyFailuresError */
  async begin(network: string): Promise<Attempt> {
    const { count, leftMs, forget } = await this.take(network);
    const over = count - this.config.failureLimit;
    if (over > 0) {
      // Else waiting would be in vain for as long as somebody goes on trying.
      throw new TooManyFailuresError(Math.max(1, Math.ceil(leftMs / 1000)), over === 1);
    }
    return { forget };
  }

  private async take(network: string): Promise<{ count: number; leftMs: number; forget: () => void }> {
    const key = `${this.redisSettings.prefix}:auth-failures:${network}`;
    try {
      const [count, leftMs] = (await this.redis.eval(TAKE, 1, key, this.periodMs)) as [number, number];
      return { count, leftMs, forget: () => this.giveBack(key) };
    } catch (error) {
      this.logger.debug(`counting failed attempts in this process only: ${messageOf(error)}`);
      return this.takeLocally(network);
    }
  }

  private giveBack(key: string): void {
    // Nobody waits for it; at worst one attempt too many is remembered for a while.
    this.redis.eval(GIVE_BACK, 1, key).catch((error: unknown) => {
      this.logger.debug(`an attempt could not be taken back: ${messageOf(error)}`);
    });
  }

  private takeLocally(network: string): { count: number; leftMs: number; forget: () => void } {
    const now = performance.now();
    let known = this.local.get(network);
    if (!known || known.until <= now) {
      known = { attempts: 0, until: now + this.periodMs };
      this.local.delete(network);
      this.local.set(network, known);
      const [oldest] = this.local.keys();
      if (this.local.size > MAX_LOCAL && oldest !== undefined) this.local.delete(oldest);
    }
    const counted = known;
    counted.attempts++;
    return {
      count: counted.attempts,
      leftMs: counted.until - now,
      forget: () => void counted.attempts--,
    };
  }

  private get periodMs(): number {
    return this.config.failurePeriodSeconds * 1000;
  }
}
