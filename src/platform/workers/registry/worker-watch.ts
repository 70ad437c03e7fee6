import { Inject, Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { type RedisConfig, redisConfig } from '../../../core/redis/index.js';
import { type Change, ChangeLog } from '../../changes/index.js';
import { Periodic, type PeriodicWork } from '../../scheduling/index.js';
import { type WorkersConfig, workersConfig } from '../workers.config.js';
import { WORKERS_REDIS } from '../workers-redis.js';
import { TELL_WORKERS } from './tell-workers.lua.js';
import { type WorkerInfo, Workers } from './workers.js';

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
    this.log.append(news.flatMap((id) => changes.get(id) ?? []));
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
