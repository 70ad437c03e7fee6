import type { Redis } from 'ioredis';
import { once } from 'node:events';

/**
 * Waits until the connection can be used, at most for `ms`. For connections that refuse what is asked before: booting
 * does not begin with an outage then, and goes on without Redis, too.
 */
export async function connected(redis: Redis, ms: number): Promise<void> {
  if (redis.status === 'ready') return;
  await once(redis, 'ready', { signal: AbortSignal.timeout(ms) }).catch(() => undefined);
}
