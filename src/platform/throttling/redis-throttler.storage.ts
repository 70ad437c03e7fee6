import { Logger, type OnApplicationShutdown } from '@nestjs/common';
import { type ThrottlerStorage, ThrottlerStorageService } from '@nestjs/throttler';
import type { Redis } from 'ioredis';
import { messageOf } from '../../core/errors/index.js';

type Decision = Awaited<ReturnType<ThrottlerStorage['increment']>>;

/**
 * A token bucket as GCRA (ITU-T I.371): the key holds the time at which the bucket will be full again. One call, on
 * Redis's own clock, so that processes whose clocks differ still share one bucket.
 * ARGV: period in ms, limit. Answers: allowed (0/1), tokens left, ms until full, ms until the next token.
 */
const TAKE_TOKEN = `
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local period, limit = tonumber(ARGV[1]), tonumber(ARGV[2])
local interval = period / limit
local full_at = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now)
local after = full_at + interval
if after - now > period + 0.001 then
  return {0, 0, math.ceil(full_at - now), math.ceil(after - now - period)}
end
redis.call('SET', KEYS[1], string.format('%.3f', after), 'PX', math.ceil(after - now))
return {1, math.floor((period - (after - now)) / interval + 0.001), math.ceil(after - now), 0}`;

/** Counts requests for `@nestjs/throttler` in Redis, so that all processes together keep one limit. */
export class RedisThrottlerStorage implements ThrottlerStorage, OnApplicationShutdown {
  private readonly logger = new Logger(RedisThrottlerStorage.name);
  /** Takes over while Redis is away: each process then keeps the limit by itself, which is not nothing. */
  private readonly local = new ThrottlerStorageService();

  constructor(
    private readonly redis: Redis,
    private readonly keyPrefix: string,
  ) {}

  async increment(
    key: string,
    ttl: number,
    limit: number,
    blockDuration: number,
    name: string,
  ): Promise<Decision> {
    try {
      const redisKey = `${this.keyPrefix}:throttle:${name}:${key}`;
      const answer = (await this.redis.eval(TAKE_TOKEN, 1, redisKey, ttl, limit)) as [
        number,
        number,
        number,
        number,
      ];
      return decision(answer, limit);
    } catch (error) {
      this.logger.debug(`throttling in this process only: ${messageOf(error)}`);
      return this.local.increment(key, ttl, limit, blockDuration, name);
    }
  }

  onApplicationShutdown(): void {
    this.local.onApplicationShutdown();
  }
}

/** The guard wants hits and seconds; the bucket knows tokens and milliseconds. */
function decision(
  [allowed, left, fullInMs, nextInMs]: [number, number, number, number],
  limit: number,
): Decision {
  return {
    totalHits: allowed ? limit - left : limit + 1,
    timeToExpire: Math.ceil(fullInMs / 1000),
    isBlocked: allowed === 0,
    timeToBlockExpire: Math.ceil(nextInMs / 1000),
  };
}
