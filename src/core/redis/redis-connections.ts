import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { InjectMetric } from '@willsoto/nestjs-prometheus';
import { Redis, type RedisOptions } from 'ioredis';
import type { Histogram } from 'prom-client';
import { timeCommands } from './command-timer.js';
import { type RedisConfig, redisConfig } from './redis.config.js';
import { COMMAND_SECONDS } from './redis.metrics.js';

/** How long a connection may take to say goodbye before its socket is cut. */
const QUIT_TIMEOUT_MS = 500;

/** Opens every Redis connection of the process, and closes what is still open after all other modules are done. */
@Injectable()
export class RedisConnections implements OnApplicationShutdown {
  private readonly logger = new Logger(RedisConnections.name);
  private readonly open = new Map<string, Redis>();

  constructor(
    @Inject(redisConfig.token) private readonly config: RedisConfig,
    @InjectMetric(COMMAND_SECONDS) private readonly seconds: Histogram,
  ) {}

  /** The connection of this name; opened with `options` when first asked for. */
  connect(name: string, options: RedisOptions): Redis {
    const known = this.open.get(name);
    if (known) return known;
    const redis = new Redis(this.config.url, { connectionName: `${this.config.prefix}:${name}`, ...options });
    // Bull has one for each queue, which are all alike.
    timeCommands(redis, this.seconds.labels({ connection: name.replace(/-\d+$/, '') }));
    this.open.set(name, redis);
    this.reportOutages(name, redis);
    return redis;
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([...this.open.values()].map(close));
    this.open.clear();
  }

  /** ioredis emits an error for every attempt to reconnect; one line for the loss and one for the return are enough. */
  private reportOutages(name: string, redis: Redis): void {
    let lost = false;
    redis.on('error', (error: Error) => {
      if (!lost) this.logger.warn({ connection: name, err: error }, 'Redis connection lost; reconnecting');
      lost = true;
    });
    redis.on('ready', () => {
      if (lost) this.logger.log({ connection: name }, 'Redis connection is back');
      lost = false;
    });
  }
}

async function close(redis: Redis): Promise<void> {
  if (redis.status === 'end') return;
  // A blocked or dead connection never answers QUIT; cutting it loses nothing, for nobody waits for an answer any more.
  const timer = setTimeout(() => redis.disconnect(), QUIT_TIMEOUT_MS);
  await redis.quit().catch(() => redis.disconnect());
  clearTimeout(timer);
}
