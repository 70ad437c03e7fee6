import type { Queue } from 'bull';
import type { Redis } from 'ioredis';
import { Script } from '../../../core/redis/index.js';
import { keysOf } from './bull-internals.js';

/**
 * Marks a job as revoked and takes it out of its queue if it has not begun, in one moment: a worker that saw the mark
 * before it was looked where the job is could have ended it by then, and nobody would know that it ran. LREM costs time
 * in proportion to the queue, about a millisecond for 100,000 jobs.
 */
const WITHDRAW = new Script(
  'gleanerWithdraw',
  `
local id = ARGV[1]
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
for first = 2, #KEYS, 7 do
  local job, wait, paused, delayed, completed, failed, priority = unpack(KEYS, first, first + 6)
  if redis.call('EXISTS', job) == 1 then
    if redis.call('ZSCORE', completed, id) or redis.call('ZSCORE', failed, id) then return 'ended' end
    local was
    if redis.call('ZREM', delayed, id) == 1 then was = 'scheduled'
    elseif redis.call('EXISTS', job .. ':lock') == 1 then return 'active'
    elseif redis.call('LREM', wait, 1, id) == 1 or redis.call('LREM', paused, 1, id) == 1 then was = 'waiting'
    else return 'active' end
    redis.call('ZREM', priority, id)
    redis.call('DEL', job, job .. ':logs')
    return was
  end
end
return 'unknown'`,
);

/** Where the job was; `waiting` and `scheduled` ones are gone now. `active`: a worker has it, or had it when it died. */
export type Whereabouts = 'waiting' | 'scheduled' | 'active' | 'ended' | 'unknown';

/** @param queues all in which it may be. @param tombstone its mark: key, value, and milliseconds that it lasts. */
export async function withdraw(
  client: Redis,
  queues: readonly Queue[],
  id: string,
  tombstone: { readonly key: string; readonly value: string; readonly lifetimeMs: number },
): Promise<Whereabouts> {
  const names = [id, 'wait', 'paused', 'delayed', 'completed', 'failed', 'priority'];
  const keys = [tombstone.key, ...queues.flatMap((queue) => keysOf(queue, ...names))];
  const args = [id, tombstone.value, tombstone.lifetimeMs];
  return (await WITHDRAW.run(client, keys, args)) as Whereabouts;
}
