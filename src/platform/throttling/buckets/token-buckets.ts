import type { OnApplicationShutdown } from '@nestjs/common';
import type { Decision, Limit } from './limit.js';
import type { LocalBuckets } from './local-buckets.js';
import type { RedisBuckets } from './redis-buckets.js';
import type { RedisOutage } from './redis-outage.js';

/**
 * The buckets of all clients: in Redis, where all processes share them, and for as long as Redis is away in this
 * process. So the API is never without limits, and never fails for want of them.
 */
export class TokenBuckets implements OnApplicationShutdown {
  constructor(
    private readonly shared: RedisBuckets,
    private readonly local: LocalBuckets,
    private readonly outage: RedisOutage,
    private readonly onLocal: () => void = () => undefined,
  ) {}

  /**
   * Takes a token from the client's bucket of each limit, or from none when one of them is empty. Never rejects.
   * @param tracker who is counted.
   */
  async take(limits: readonly Limit[], tracker: string): Promise<Decision> {
    if (!this.outage.isOn) {
      try {
        return await this.shared.take(limits, tracker);
      } catch (error) {
        this.outage.begin(error);
      }
    }
    this.onLocal();
    return this.local.take(limits, tracker);
  }

  onApplicationShutdown(): void {
    this.outage.stop();
  }
}
