import type { Queue } from 'bull';
import { Script } from '../../../core/redis/index.js';
import { keysOf } from './bull-internals.js';

/**
 * Takes a job that has not begun out of its queue. LREM costs time in proportion to the queue, about a millisecond for
 * 100,000 jobs.
 */
const WITHDRAW = new Script(
  'gleanerWithdraw',
  `
local id = ARGV[1]
if redis.call('EXISTS', KEYS[1]) == 0 then return 'unknown' end
if redis.call('ZSCORE', KEYS[5], id) or redis.call('ZSCORE', KEYS[6], id) then return 'ended' end
local was
if redis.call('ZREM', KEYS[4], id) == 1 then was = 'scheduled'
elseif redis.call('EXISTS', KEYS[1] .. ':lock') == 1 then return 'active'
elseif redis.call('LREM', KEYS[2], 1, id) == 1 or redis.call('LREM', KEYS[3], 1, id) == 1 then was = 'waiting'
else return 'active' end
redis.call('ZREM', KEYS[7], id)
redis.call('DEL', KEYS[1], KEYS[1] .. ':logs')
return was`,
);

/** Where the job was; `waiting` and `scheduled` ones are gone now. `active`: a worker has it, or had it when it died. */
export type Whereabouts = 'waiting' | 'scheduled' | 'active' | 'ended' | 'unknown';

export async function withdraw(queue: Queue, id: string): Promise<Whereabouts> {
  const keys = keysOf(queue, id, 'wait', 'paused', 'delayed', 'completed', 'failed', 'priority');
  return (await WITHDRAW.run(queue.client, keys, [id])) as Whereabouts;
}
