import type { Job } from 'bull';
import { Script } from '../../../core/redis/index.js';
import { delayedScore, keysOf } from './bull-internals.js';

/**
 * Writes what has become of an active job, if it is still ours.
 *
 * Bull's own scripts write a failed attempt before they look whose the job is, and refuse a job whose lock has run out
 * although nobody has taken it, so that what was done is done again. Here the lock may be gone, as long as the job is
 * still among the active ones and nobody has begun it since: not even this very process, which takes a job again that
 * it has lost itself.
 */
const SETTLE = new Script(
  'gleanerSettle',
  `
local id, start, outcome, at = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
if start == '' then
  if redis.call('EXISTS', KEYS[4]) == 1 then return 0 end
elseif redis.call('HGET', KEYS[3], 'starts') ~= start then
  return 0
end
if redis.call('LREM', KEYS[1], -1, id) == 0 then return 0 end
redis.call('DEL', KEYS[4])
redis.call('SREM', KEYS[2], id)
if redis.call('EXISTS', KEYS[3]) == 0 then return 0 end
if #ARGV > 5 then redis.call('HSET', KEYS[3], unpack(ARGV, 6)) end
if outcome == 'delayed' then
  redis.call('ZADD', KEYS[5], at, id)
  redis.call('PUBLISH', KEYS[5], at / 0x1000)
elseif outcome == 'wait' then
  local target = KEYS[5]
  if redis.call('EXISTS', KEYS[6]) == 1 then target = KEYS[7] end
  redis.call('RPUSH', target, id)
elseif outcome == 'removed' then
  redis.call('DEL', KEYS[3], KEYS[3] .. ':logs')
else
  redis.call('ZADD', KEYS[5], at, id)
  redis.call('PUBLISH', KEYS[5], '{"jobId":"' .. id .. '"}')
  local keep = tonumber(ARGV[5])
  if keep >= 0 then
    local prefix = string.sub(KEYS[3], 1, -1 - #id)
    for _, old in ipairs(redis.call('ZREVRANGE', KEYS[5], keep, -1)) do
      redis.call('DEL', prefix .. old, prefix .. old .. ':logs')
    end
    redis.call('ZREMRANGEBYRANK', KEYS[5], 0, -(keep + 1))
  end
end
return 1`,
);

export type Settlement =
  | { readonly to: 'completed'; readonly result: unknown }
  /** Kept until the dead letters have it. */
  | { readonly to: 'failed'; readonly fields: AttemptFields }
  /** Again at `at`, milliseconds since 1970. */
  | {
      readonly to: 'delayed';
      readonly at: number;
      readonly fields: AttemptFields | { readonly slot: string };
    }
  /** Back to where it was taken from, to be the next. */
  | { readonly to: 'wait' }
  | { readonly to: 'removed' };

/** What Bull keeps of a failed attempt, under its names, and the failure under ours. */
interface AttemptFields {
  readonly attemptsMade: number;
  readonly failedReason: string;
  readonly stacktrace: string;
  readonly failure: string;
}

/** Of what succeeded the last are kept, for those who ask for the state of a task that has just ended. */
const KEEP_COMPLETED = 1000;

/** The history keeps results; here they are for Bull's own tools. */
const MAX_RESULT = 4096;

interface Held {
  readonly job: Pick<Job, 'id' | 'queue'>;
  /** Which start of the job it is; none when it is only moved and has not been begun. */
  readonly start?: number;
}

/** @returns whether the job was still ours; if not, nothing was written. */
export async function settle(
  { job: { id: jobId, queue }, start }: Held,
  settlement: Settlement,
): Promise<boolean> {
  const id = String(jobId);
  const target = settlement.to === 'removed' ? 'completed' : settlement.to;
  const keys = keysOf(queue, 'active', 'stalled', id, `${id}:lock`, target, 'meta-paused', 'paused');
  const args = [id, start ?? '', settlement.to, ...rest(settlement)];
  return (await SETTLE.run(queue.client, keys, args)) === 1;
}

/** Score, number kept (-1: all), and fields of the hash. */
function rest(settlement: Settlement): (string | number)[] {
  switch (settlement.to) {
    case 'completed': {
      const result = JSON.stringify(settlement.result) ?? 'null';
      const returnvalue = result.length > MAX_RESULT ? '"too large to be kept here"' : result;
      const now = Date.now();
      return [now, KEEP_COMPLETED, 'returnvalue', returnvalue, 'finishedOn', now];
    }
    case 'failed': {
      const now = Date.now();
      return [now, -1, ...Object.entries(settlement.fields).flat(), 'finishedOn', now];
    }
    case 'delayed':
      return [delayedScore(settlement.at), -1, ...Object.entries(settlement.fields).flat()];
    case 'wait':
    case 'removed':
    default:
      return [0, -1];
  }
}
