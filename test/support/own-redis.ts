import { spawn } from 'node:child_process';
import { Redis } from 'ioredis';
import { inject } from 'vitest';
import { provideServices, type Services } from '../../scripts/services/index.ts';
import { eventually } from './eventually.js';

interface Server {
  pid: number;
  executable: string;
  configuration: string;
}

/** A Redis of a test file's own, to be frozen, killed and started again; the shared one serves others. */
export class OwnRedis {
  private constructor(
    readonly url: string,
    private readonly services: Services,
    private server: Server,
  ) {}

  /** @param name of its folder; one for each test file. */
  static async provide(name: string): Promise<OwnRedis> {
    const services = await provideServices({
      dir: `.gleaner/test/${name}`,
      ephemeral: true,
      env: { ...process.env, DATABASE_URL: inject('databaseUrl'), REDIS_URL: undefined },
    });
    return new OwnRedis(services.redisUrl, services, await serverAt(services.redisUrl));
  }

  /** Stops it in its tracks: connections stay open, and nothing answers. */
  freeze(): void {
    process.kill(this.server.pid, 'SIGSTOP');
  }

  thaw(): void {
    process.kill(this.server.pid, 'SIGCONT');
  }

  kill(): void {
    process.kill(this.server.pid, 'SIGKILL');
  }

  /** Starts it again as it was, with the same port, and empty. */
  async start(): Promise<void> {
    const { executable, configuration } = this.server;
    spawn(executable, [configuration], { stdio: 'ignore' });
    this.server = await eventually('Redis to start', () => serverAt(this.url));
  }

  async exists(key: string): Promise<boolean> {
    return ask(this.url, async (redis) => (await redis.exists(key)) === 1);
  }

  async dispose(): Promise<void> {
    try {
      this.kill();
    } catch {
      // A test has killed it already.
    }
    await this.services.stop();
  }
}

async function serverAt(url: string): Promise<Server> {
  const info = await ask(url, (redis) => redis.info('server'));
  const field = (name: string): string => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? '';
  return {
    pid: Number(field('process_id')),
    executable: field('executable'),
    configuration: field('config_file'),
  };
}

/** One question on a connection of its own. */
async function ask<T>(url: string, question: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null });
  redis.on('error', () => undefined); // The promise tells.
  try {
    await redis.connect();
    return await question(redis);
  } finally {
    redis.disconnect();
  }
}
