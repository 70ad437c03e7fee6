import type { Queue } from 'bull';
import { Script } from '../../../core/redis/index.js';
import { keysOf } from './bull-internals.js';

/**
 * Takes the jobs that have waited longest out of a queue for good, and marks them as revoked in the same moment: who
 * looks for them later finds the mark. Bull's `empty()` lets the jobs of a paused queue flow, and reads all keys.
 */
const DROP = new Script(
  'gleanerDrop',
  `
local prefix, tombstones, lifetime = ARGV[1], ARGV[2], ARGV[3]
local dropped = {}
for _ = 1, tonumber(ARGV[4]) do
  local id = redis.call('RPOP', KEYS[1]) or redis.call('RPOP', KEYS[2])
  if not id then break end
  redis.call('SET', tombstones .. id, 'abort', 'PX', lifetime)
  redis.call('ZREM', KEYS[3], id)
  redis.call('DEL', prefix .. id, prefix .. id .. ':logs')
  dropped[#dropped + 1] = id
end
return dropped`,
);

/** @returns ids of up to `count` jobs, which are gone now; those that are scheduled or active are left. */
export async function dropWaiting(
  queue: Queue,
  count: number,
  tombstones: { readonly prefix: string; readonly lifetimeMs: number },
): Promise<string[]> {
  const keys = keysOf(queue, 'wait', 'paused', 'priority');
  const args = [queue.toKey(''), tombstones.prefix, tombstones.lifetimeMs, count];
  return (await DROP.run(queue.client, keys, args)) as string[];
}
