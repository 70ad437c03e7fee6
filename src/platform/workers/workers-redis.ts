import type { Provider } from '@nestjs/common';
import { connected, RedisConnections } from '../../core/redis/index.js';

/**
 * Injects the connection for heartbeats, commands and replies: what it cannot do at once fails within two seconds, and
 * is never done later. A command that is sent again after a reconnection would be carried out twice.
 */
export const WORKERS_REDIS = Symbol('redis of workers');

/** How long booting waits for Redis, so that a command line that sends at once finds it. */
const BOOT_WAIT_MS = 2000;

export const workersRedisProvider: Provider = {
  provide: WORKERS_REDIS,
  inject: [RedisConnections],
  useFactory: async (connections: RedisConnections) => {
    const redis = connections.connect('workers', {
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      retryStrategy: (times) => Math.min(times * 50, 500),
      connectTimeout: 5000,
      commandTimeout: 2000,
      // What gets it off a half-open connection, on which this worker would seem to be offline for ever.
      socketTimeout: 5000,
    });
    await connected(redis, BOOT_WAIT_MS);
    return redis;
  },
};
