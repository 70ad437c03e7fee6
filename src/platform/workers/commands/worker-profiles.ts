import { type BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { messageOf, NotFoundError } from '../../../core/errors/index.js';
import { type RedisConfig, redisConfig } from '../../../core/redis/index.js';
import { Workers } from '../registry/workers.js';
import { WorkerNotProfiledError } from '../workers.errors.js';
import { WORKERS_REDIS } from '../workers-redis.js';
import { channelKeys } from './command-channel.js';
import { WorkerCommands } from './worker-commands.js';

const POLL_MS = 250;
/** For making JSON of it, packing and sending it. */
const PATIENCE_MS = 15_000;

/**
 * Profiles of workers, which are asked by the command channel. Only that it has begun is answered there, for a command
 * that takes a minute would keep all others waiting; the profile itself is put into Redis, and taken from there.
 */
@Injectable()
export class WorkerProfiles implements BeforeApplicationShutdown {
  private readonly logger = new Logger(WorkerProfiles.name);
  private readonly keys: ReturnType<typeof channelKeys>;
  private readonly ending = new AbortController();

  constructor(
    private readonly workers: Workers,
    private readonly commands: WorkerCommands,
    @Inject(WORKERS_REDIS) private readonly redis: Redis,
    @Inject(redisConfig.token) { prefix }: RedisConfig,
  ) {
    this.keys = channelKeys(prefix);
  }

  /**
   * As `Profiler.cpu`, of a worker.
   * @throws NotFoundError; WorkerNotProfiledError when it does not answer, or refuses; WorkersUnavailableError.
   */
  async cpu(worker: string, seconds: number, signal: AbortSignal): Promise<{ profile: Promise<string> }> {
    if (!(await this.workers.get(worker))) throw new NotFoundError('worker', worker);
    const id = randomUUID();
    const { replies } = await this.commands.send(
      { type: 'profile', id, seconds },
      { destinations: [worker] },
    );
    const [reply] = replies;
    if (!reply) throw new WorkerNotProfiledError(worker, 'it does not answer.');
    if (!reply.ok) throw new WorkerNotProfiledError(worker, reply.error.message, reply.error.code);
    const over = AbortSignal.any([signal, this.ending.signal]);
    return { profile: this.await(id, worker, seconds * 1000, over) };
  }

  /** Else the server would wait for them before it ends. */
  beforeApplicationShutdown(): void {
    this.ending.abort();
  }

  private async await(id: string, worker: string, ms: number, signal: AbortSignal): Promise<string> {
    const until = performance.now() + ms + PATIENCE_MS;
    try {
      while (performance.now() < until) {
        const packed = await this.redis.getdelBuffer(this.keys.profile(id));
        if (packed) return (await promisify(gunzip)(packed)).toString();
        await delay(POLL_MS, undefined, { signal });
      }
      throw new WorkerNotProfiledError(worker, 'its profile has not come; its log may tell why.');
    } catch (error) {
      if (signal.aborted) this.cancel(id, worker);
      throw error;
    }
  }

  /** If the worker does not hear of it, it stops after the time that it was told. */
  private cancel(id: string, worker: string): void {
    this.commands
      .send({ type: 'profile.cancel', id }, { destinations: [worker] })
      .catch((error: unknown) => this.logger.debug(`a profile was not cancelled: ${messageOf(error)}`));
  }
}
