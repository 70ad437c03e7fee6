import type { QueueOptions } from 'bull';
import type { RedisOptions } from 'ioredis';
import type { RedisConfig, RedisConnections } from '../../../core/redis/index.js';
import { backoffMs, FULL_JITTER } from '../tasks/backoff.js';
import type { QueuesConfig } from '../queues.config.js';

/** Whether this process runs tasks or only enqueues them: decides how patient its connections are. */
export type QueueRole = 'producer' | 'worker';

/** What `@nestjs/bull` passes to every queue. Why each value is what it is: docs/adr/0001. */
export function bullOptions(
  role: QueueRole,
  { lockDurationMs }: QueuesConfig,
  redis: RedisConfig,
  connections: RedisConnections,
): QueueOptions {
  let blocking = 0;
  return {
    prefix: `${redis.prefix}:bull`,
    createClient: (type) => {
      // A blocking connection belongs to one queue; the others are shared by all of them.
      const name = type === 'bclient' ? `bull-blocking-${blocking++}` : `bull-${type}`;
      return connections.connect(name, connectionOptions(role, type));
    },
    settings: {
      lockDuration: lockDurationMs,
      // Bull stops renewing for good after one failure, so renewing is left to JobLock: "never" within a timer's range.
      lockRenewTime: 2 ** 31 - 1,
      stalledInterval: lockDurationMs / 2,
      maxStalledCount: 3,
      backoffStrategies: { [FULL_JITTER]: backoffMs },
    },
    defaultJobOptions: {
      // What succeeded is kept for a while to look at; what failed is kept until somebody deals with it.
      removeOnComplete: 1000,
      removeOnFail: false,
      stackTraceLimit: 20,
    },
  };
}

function connectionOptions(role: QueueRole, type: 'client' | 'subscriber' | 'bclient'): RedisOptions {
  if (type !== 'client') return { ...PATIENT, enableReadyCheck: false };
  return role === 'worker' ? PATIENT : { maxRetriesPerRequest: 1, commandTimeout: 5000 };
}

/**
 * A worker waits until Redis is back rather than lose track of what it finished. The socket time-out, longer than
 * Bull's blocking wait of 5 s, is what gets it off a half-open connection, which would never recover by itself.
 */
const PATIENT: RedisOptions = { maxRetriesPerRequest: null, socketTimeout: 8000 };
