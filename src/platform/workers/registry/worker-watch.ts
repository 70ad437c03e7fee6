import { Inject, Injectable } from '@nestjs/common';
import { InjectMetric, makeCounterProvider } from '@willsoto/nestjs-prometheus';
import type { Redis } from 'ioredis';
import type { Counter } from 'prom-client';
import { type RedisConfig, redisConfig } from '../../../core/redis/index.js';
import { type Change, ChangeLog } from '../../changes/index.js';
import { Periodic, type PeriodicWork } from '../../scheduling/index.js';
import { type WorkersConfig, workersConfig } from '../workers.config.js';
import { WORKERS_REDIS } from '../workers-redis.js';
import { TELL_WORKERS } from './tell-workers.lua.js';
import { type WorkerInfo, Workers } from './workers.js';

const LOST = 'gleaner_workers_lost_total';

/** Of several schedulers one notices, so the sum over all is how many there were. */
export const workersLostProvider = makeCounterProvider({
  name: LOST,
  help: 'Workers that went away without saying so, counted by the scheduler that noticed first',
});

/**
 * Tells when a worker comes, goes, is lost, or works otherwise than before. What it does at the moment, and its load,
 * change with every heartbeat, and are asked for.
 */
@Injectable()
@Periodic({ name: 'watch-workers', everyMs: 1000 })
export class WorkerWatch implements PeriodicWork {
  private readonly key: string;

  constructor(
    private readonly workers: Workers,
    private readonly log: ChangeLog,
    @Inject(WORKERS_REDIS) private readonly redis: Redis,
    @Inject(redisConfig.token) { prefix }: RedisConfig,
    @Inject(workersConfig.token) private readonly config: WorkersConfig,
    @InjectMetric(LOST) private readonly lost: Counter,
  ) {
    this.key = `${prefix}:workers-told`;
  }

  async runOnce(): Promise<void> {
    const workers = await this.workers.list();
    const changes = new Map(workers.map((worker) => [worker.id, changeOf(worker)]));
    const args = workers.flatMap(({ id, heardAt }) => [id, heardAt, JSON.stringify(changes.get(id))]);
    const news = (await TELL_WORKERS.run(
      this.redis,
      [this.key],
      [this.config.rememberMs, ...args],
    )) as string[];
    const told = news.flatMap((id) => changes.get(id) ?? []);
    this.log.append(told);
    this.lost.inc(told.filter(({ state }) => state === 'offline').length);
  }
}

function changeOf(worker: WorkerInfo): Change {
  const { id, state, host, pid, version, mode, queues, concurrency, autoscale, paused, draining } = worker;
  const consumed = queues.filter(({ consuming }) => consuming).map(({ name }) => name);
  return {
    kind: 'worker',
    id,
    state,
    host,
    pid,
    version,
    mode,
    queues: consumed,
    concurrency,
    ...(autoscale && { autoscale }),
    paused,
    draining,
  };
}
