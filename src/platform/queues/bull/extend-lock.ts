import { Script } from '../../../core/redis/index.js';
import { keysOf, lockToken } from './bull-internals.js';
import type { TakenJob } from './take-jobs.js';

/**
 * As Bull's own, but of one start of a job: Bull's lock is the process's, so that a process which lost a job and took
 * it again would hold the lock of the second start for the first one, too.
 */
const EXTEND_LOCK = new Script(
  'gleanerExtendLock',
  `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('SREM', KEYS[2], ARGV[3])
return 1`,
);

/** @returns whether the lock was still this start's; if so it lasts this long from now. */
export async function extendLock(
  { job, start }: Pick<TakenJob, 'job' | 'start'>,
  durationMs: number,
): Promise<boolean> {
  const { queue } = job;
  const id = String(job.id);
  const keys = keysOf(queue, `${id}:lock`, 'stalled');
  return (await EXTEND_LOCK.run(queue.client, keys, [lockToken(queue, start), durationMs, id])) === 1;
}
