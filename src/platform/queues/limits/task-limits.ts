import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { parseJson } from '../../../core/json/index.js';
import { type RedisConfig, redisConfig } from '../../../core/redis/index.js';
import { Queues } from '../bull/queues.js';
import { taskRate } from './rate.js';

const timeLimitSchema = z.object({
  /** Milliseconds after which an attempt is aborted. */
  softMs: z.int().min(1).max(604_800_000),
  /** Milliseconds, not less, after which the process of an isolated task is killed. */
  hardMs: z.int().min(1).max(604_800_000).optional(),
});

export type TimeLimit = z.output<typeof timeLimitSchema>;

/** What operators have set for tasks, by name; it goes before what the code says. */
export interface Limits {
  readonly rates: ReadonlyMap<string, string>;
  readonly times: ReadonlyMap<string, TimeLimit>;
}

/** Limits of tasks at run time: kept in Redis, valid for the whole cluster and for workers to come, until taken back. */
@Injectable()
export class TaskLimits {
  private readonly rateKey: string;
  private readonly timeKey: string;

  constructor(
    private readonly queues: Queues,
    @Inject(redisConfig.token) config: RedisConfig,
  ) {
    this.rateKey = `${config.prefix}:limits:rate`;
    this.timeKey = `${config.prefix}:limits:time`;
  }

  /** @param rate e.g. `10/m`; `null` for none. Workers heed it within a second. */
  async setRate(task: string, rate: string | null): Promise<void> {
    if (rate === null) await this.queues.client.hdel(this.rateKey, task);
    else await this.queues.client.hset(this.rateKey, task, taskRate.parse(rate));
  }

  /** @param limit holds for attempts that begin from now on, within a second; `null`: what the code says. */
  async setTime(task: string, limit: TimeLimit | null): Promise<void> {
    if (limit === null) await this.queues.client.hdel(this.timeKey, task);
    else await this.queues.client.hset(this.timeKey, task, JSON.stringify(timeLimitSchema.parse(limit)));
  }

  async all(): Promise<Limits> {
    const [rates, times] = await Promise.all([
      this.queues.client.hgetall(this.rateKey),
      this.queues.client.hgetall(this.timeKey),
    ]);
    return {
      rates: new Map(Object.entries(rates).filter(([, rate]) => taskRate.safeParse(rate).success)),
      times: new Map(
        Object.entries(times).flatMap(([task, json]) => {
          const limit = timeLimitSchema.safeParse(parseJson(json));
          return limit.success ? [[task, limit.data] as const] : [];
        }),
      ),
    };
  }
}
