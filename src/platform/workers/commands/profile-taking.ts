import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { type RedisConfig, redisConfig } from '../../../core/redis/index.js';
import { Profiler } from '../../performance/index.js';
import { WORKERS_REDIS } from '../workers-redis.js';
import { channelKeys } from './command-channel.js';

/** Whoever waits for it looks several times a second. */
const KEPT_SECONDS = 30;
/** Of the packed profile: some 200 KB are usual for a minute, and Redis is for other things. */
const MAX_BYTES = 16 * 1_048_576;

/** Profiles the worker when it is told to. The other end is `WorkerProfiles`. */
@Injectable()
export class ProfileTaking {
  private readonly logger = new Logger(ProfileTaking.name);
  private readonly keys: ReturnType<typeof channelKeys>;
  private readonly underWay = new Map<string, AbortController>();

  constructor(
    private readonly profiler: Profiler,
    @Inject(WORKERS_REDIS) private readonly redis: Redis,
    @Inject(redisConfig.token) { prefix }: RedisConfig,
  ) {
    this.keys = channelKeys(prefix);
  }

  /** Does not wait for the end of it: other commands come meanwhile. @throws ProfilingBusyError. */
  async begin(id: string, seconds: number): Promise<{ begun: true }> {
    const cancelled = new AbortController();
    const { profile } = await this.profiler.cpu(seconds, cancelled.signal);
    this.underWay.set(id, cancelled);
    void this.deliver(id, profile, cancelled.signal).finally(() => this.underWay.delete(id));
    return { begun: true };
  }

  /** @returns whether it was under way. */
  cancel(id: string): boolean {
    this.underWay.get(id)?.abort();
    return this.underWay.has(id);
  }

  private async deliver(id: string, profile: Promise<string>, cancelled: AbortSignal): Promise<void> {
    try {
      const packed = await promisify(gzip)(await profile);
      if (packed.length > MAX_BYTES) throw new Error(`it has ${packed.length} bytes, more than ${MAX_BYTES}`);
      await this.redis.set(this.keys.profile(id), packed, 'EX', KEPT_SECONDS);
    } catch (error) {
      // Whoever waits for it is told by its time-out.
      if (!cancelled.aborted)
        this.logger.warn({ err: error }, 'a profile of this worker could not be delivered');
    }
  }
}
