import { Redis } from 'ioredis';

/** Looks at the queues in Redis, past the application. */
export class BullKeys implements AsyncDisposable {
  private readonly redis: Redis;
  private readonly prefix: string;

  constructor(env: Record<string, string>) {
    this.redis = new Redis(env.REDIS_URL ?? '');
    this.prefix = `${env.REDIS_PREFIX}:bull:`;
  }

  /** The envelope of a job, if there is one. */
  async envelope(
    queue: string,
    id: string,
  ): Promise<{ payload: unknown; version: number; headers: Record<string, string> } | undefined> {
    const data = await this.redis.hget(`${this.prefix}${queue}:${id}`, 'data');
    return data === null ? undefined : (JSON.parse(data) as never);
  }

  /** Ids in a list of the queue, the one that is next first. */
  async list(queue: string, list: 'wait' | 'paused'): Promise<string[]> {
    return (await this.redis.lrange(`${this.prefix}${queue}:${list}`, 0, -1)).toReversed();
  }

  async tombstone(env: Record<string, string>, id: string): Promise<string | null> {
    return this.redis.get(`${env.REDIS_PREFIX}:revoked:${id}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.redis.quit();
  }
}
