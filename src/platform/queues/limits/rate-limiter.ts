import { Inject, Injectable } from '@nestjs/common';
import { type RedisConfig, redisConfig, Script } from '../../../core/redis/index.js';
import { Queues } from '../bull/queues.js';
import { intervalMs } from './rate.js';

/** Turns are given out for this long ahead, so that a new rate is heeded by all that wait within it. */
const HORIZON_MS = 60_000;

/**
 * One start after another, each an interval after the one before, whoever asks: a generic cell rate algorithm without
 * a burst, by Redis's clock. Answers the milliseconds until the turn that is now the caller's; -1 when all turns of
 * the horizon are given out, and then none is.
 */
const TURN = new Script(
  'gleanerTurn',
  `
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local interval, horizon = tonumber(ARGV[1]), tonumber(ARGV[2])
local turn = math.max(now, tonumber(redis.call('GET', KEYS[1]) or '0'))
if turn - now > horizon then return -1 end
redis.call('SET', KEYS[1], string.format('%.3f', turn + interval), 'PX', math.ceil(turn - now + interval) + 1000)
return math.floor(turn - now)`,
);

/** How long a task has to wait for its turn, and whether the turn is kept for it. */
export interface Turn {
  readonly waitMs: number;
  readonly kept: boolean;
}

/** Hands out turns to start tasks whose rate is limited, over the whole cluster. */
@Injectable()
export class RateLimiter {
  private readonly prefix: string;

  constructor(
    private readonly queues: Queues,
    @Inject(redisConfig.token) config: RedisConfig,
  ) {
    this.prefix = `${config.prefix}:turn:`;
  }

  async take(task: string, rate: string): Promise<Turn> {
    // Another rate is another row of turns.
    const key = `${this.prefix}${task}:${rate}`;
    const waitMs = Number(await TURN.run(this.queues.client, [key], [intervalMs(rate), HORIZON_MS]));
    // Those without a turn ask again at different times, rather than all at once.
    if (waitMs < 0) return { waitMs: HORIZON_MS * (0.5 + Math.random() / 2), kept: false };
    return { waitMs, kept: true };
  }
}
