import type { Job } from 'bull';
import { internalsOf } from './bull-internals.js';

/**
 * Gives an active job back to its queue at once, without counting an attempt. Bull itself only knows how to fail a
 * job, or to let others find it stalled after a minute and more. Does nothing when the lock is not ours any more.
 */
const HAND_BACK = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if redis.call('LREM', KEYS[2], 1, ARGV[2]) == 0 then return 0 end
redis.call('DEL', KEYS[1])
redis.call('SREM', KEYS[3], ARGV[2])
local target = KEYS[4]
if redis.call('EXISTS', KEYS[5]) == 1 then target = KEYS[6] end
redis.call('RPUSH', target, ARGV[2])
return 1`;

/** @returns whether the job was ours to give back. */
export async function handBack(job: Job): Promise<boolean> {
  const { queue } = job;
  const { token } = internalsOf(queue);
  const key = (name: string): string => queue.toKey(name);
  const keys = [
    `${key(String(job.id))}:lock`,
    ...['active', 'stalled', 'wait', 'meta-paused', 'paused'].map(key),
  ];
  return (await queue.client.eval(HAND_BACK, keys.length, ...keys, token, job.id)) === 1;
}
