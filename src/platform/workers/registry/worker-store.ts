import { Inject, Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { type RedisConfig, redisConfig } from '../../../core/redis/index.js';
import { type WorkersConfig, workersConfig } from '../workers.config.js';
import { WORKERS_REDIS } from '../workers-redis.js';
import { BEAT } from './beat.lua.js';
import { READ_WORKERS } from './read-workers.lua.js';
import type { WorkerFacts } from './worker-facts.js';

/** Four heartbeats; a worker that was killed is seen to be gone after this, whatever the clocks of machines say. */
const OFFLINE_AFTER_MS = 12_000;
/** A crash loop makes a worker every few seconds. */
const MAX_REMEMBERED = 1000;

/** `offline`: not heard of for 12 seconds, killed or frozen or cut off. `stopped`: has said that it ends. */
export const WORKER_STATES = ['online', 'offline', 'stopped'] as const;
export type WorkerState = (typeof WORKER_STATES)[number];

export interface StoredWorker {
  readonly id: string;
  readonly state: WorkerState;
  /** Milliseconds since 1970 by Redis's clock. */
  readonly heardAt: number;
  /** JSON of what it told; empty when that was not asked for. */
  readonly facts: string;
}

/** The registry's keys in Redis. Everything here throws what ioredis throws when Redis is away, within two seconds. */
@Injectable()
export class WorkerStore {
  private readonly keys: readonly [string, string, string];

  constructor(
    @Inject(WORKERS_REDIS) private readonly redis: Redis,
    @Inject(redisConfig.token) { prefix }: RedisConfig,
    @Inject(workersConfig.token) private readonly config: WorkersConfig,
  ) {
    this.keys = [`${prefix}:workers`, `${prefix}:workers-heard`, `${prefix}:workers-alive`];
  }

  /** Keeps what the worker tells; with `ends` nobody waits for its next heartbeat. */
  async beat(id: string, facts: WorkerFacts, { ends = false } = {}): Promise<void> {
    const { rememberMs } = this.config;
    const args = [id, JSON.stringify(facts), ends ? 0 : 1, rememberMs, MAX_REMEMBERED];
    await BEAT.run(this.redis, this.keys, args);
  }

  /**
   * @param ids of those that are wanted; absent: all. Those that nobody remembers are left out.
   * @param factsOf whose facts are read, too: up to 30 KB each.
   */
  async read(
    ids?: readonly string[],
    { factsOf = 'all' }: { factsOf?: 'all' | 'online' | 'none' } = {},
  ): Promise<{ now: number; workers: StoredWorker[] }> {
    if (ids?.length === 0) return { now: Number.NaN, workers: [] };
    const args = [OFFLINE_AFTER_MS, factsOf, ...(ids ?? [])];
    const answer = await READ_WORKERS.run(this.redis, this.keys, args);
    const [now, ...texts] = answer as [now: number, ...texts: string[]];
    const workers: StoredWorker[] = [];
    for (let at = 0; at < texts.length; at += 4) {
      const [id = '', state, heard, facts = ''] = texts.slice(at, at + 4);
      workers.push({ id, state: state as WorkerState, heardAt: Number(heard), facts });
    }
    return { now, workers };
  }
}
