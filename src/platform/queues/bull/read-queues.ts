import type { Queue } from 'bull';
import type { Redis } from 'ioredis';
import { Script } from '../../../core/redis/index.js';
import type { QueueName } from './queue-names.js';

/**
 * Counts what queues hold; nothing of it takes longer when they hold more. KEYS: the first part of the keys of each
 * queue. Answers eight numbers a queue. Ages are by Redis's clock, so that whoever asks is told the same.
 */
const READ_QUEUES = new Script(
  'gleanerReadQueues',
  `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local answer = {}
for _, queue in ipairs(KEYS) do
  local oldest = -1
  for _, list in ipairs({'wait', 'paused'}) do
    local id = redis.call('LINDEX', queue .. list, -1)
    local since = id and redis.call('HGET', queue .. id, 'timestamp')
    if since then oldest = math.max(oldest, now - since, 0) end
  end
  answer[#answer + 1] = redis.call('LLEN', queue .. 'wait')
  answer[#answer + 1] = redis.call('LLEN', queue .. 'paused')
  answer[#answer + 1] = redis.call('LLEN', queue .. 'active')
  answer[#answer + 1] = redis.call('ZCARD', queue .. 'delayed')
  answer[#answer + 1] = redis.call('ZCARD', queue .. 'failed')
  answer[#answer + 1] = redis.call('ZCARD', queue .. 'completed')
  answer[#answer + 1] = redis.call('EXISTS', queue .. 'meta-paused')
  answer[#answer + 1] = oldest
end
return answer`,
);
const NUMBERS = 8;

/** What a queue holds, by where Bull keeps it. */
export interface QueueCounts {
  readonly name: QueueName;
  readonly isPaused: boolean;
  readonly waiting: number;
  /** Those that wait while the queue is paused. */
  readonly paused: number;
  readonly active: number;
  readonly delayed: number;
  readonly failed: number;
  readonly completed: number;
  /** Milliseconds since the task was enqueued that has waited longest; `null` when none waits. */
  readonly oldestWaitingMs: number | null;
}

/** In their order. */
export async function readQueues(
  redis: Redis,
  queues: readonly (readonly [QueueName, Queue])[],
): Promise<QueueCounts[]> {
  const keys = queues.map(([, queue]) => queue.toKey(''));
  const answer = (await READ_QUEUES.run(redis, keys, [])) as number[];
  return queues.map(([name], index) => {
    const from = index * NUMBERS;
    const [
      waiting = 0,
      paused = 0,
      active = 0,
      delayed = 0,
      failed = 0,
      completed = 0,
      held = 0,
      oldest = -1,
    ] = answer.slice(from, from + NUMBERS);
    return {
      name,
      isPaused: held === 1,
      waiting,
      paused,
      active,
      delayed,
      failed,
      completed,
      oldestWaitingMs: oldest < 0 ? null : oldest,
    };
  });
}
