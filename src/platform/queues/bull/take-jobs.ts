import type { Job, Queue } from 'bull';
import { Script } from '../../../core/redis/index.js';
import { internalsOf, jobFrom, keysOf } from './bull-internals.js';

/**
 * Takes jobs and their locks, as Bull's own script does one by one, and two things more: it counts how often each has
 * been begun, which is its fencing token, and tells whether an operator has revoked it meanwhile.
 */
const TAKE = new Script(
  'gleanerTake',
  `
local prefix, token, lockMs, now, revoked = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local function claim(id)
  local key = prefix .. id
  redis.call('SREM', KEYS[3], id)
  if redis.call('EXISTS', key) == 0 then
    redis.call('LREM', KEYS[2], 1, id)
    return nil
  end
  redis.call('ZREM', KEYS[4], id)
  redis.call('HSET', key, 'processedOn', now)
  local starts = redis.call('HINCRBY', key, 'starts', 1)
  redis.call('SET', key .. ':lock', token .. starts, 'PX', lockMs)
  return {id, starts, redis.call('GET', revoked .. id) or '', redis.call('HGETALL', key)}
end
local taken = {}
local function add(job) if job then taken[#taken + 1] = job end end
if ARGV[7] then
  if redis.call('LPOS', KEYS[2], ARGV[7]) then add(claim(ARGV[7])) end
else
  for _ = 1, tonumber(ARGV[6]) do
    local id = redis.call('RPOPLPUSH', KEYS[1], KEYS[2])
    if not id then break end
    add(claim(id))
  end
end
return taken`,
);

export interface TakenJob {
  readonly job: Job;
  /** How often it has been begun, this time included. */
  readonly start: number;
  /** Its tombstone, when it was revoked. */
  readonly revoked: boolean;
  /** What else its hash holds. */
  readonly hash: Readonly<Record<string, string>>;
}

interface Source {
  readonly queue: Queue;
  readonly lockMs: number;
  /** First part of the keys of tombstones. */
  readonly tombstones: string;
}

/** Takes up to `count` jobs that wait. */
export async function takeJobs(source: Source, count: number): Promise<TakenJob[]> {
  return take(source, count);
}

/** Takes the job that a blocking pop has moved to the active ones, if it is still there: whoever had it may have ended it. */
export async function takeMoved(source: Source, id: string): Promise<TakenJob | undefined> {
  return (await take(source, 1, id))[0];
}

async function take(
  { queue, lockMs, tombstones }: Source,
  count: number,
  ...id: string[]
): Promise<TakenJob[]> {
  const keys = keysOf(queue, 'wait', 'active', 'stalled', 'priority');
  const args = [
    queue.toKey(''),
    `${internalsOf(queue).token}:`,
    lockMs,
    Date.now(),
    tombstones,
    count,
    ...id,
  ];
  type Row = [id: string, start: number, tombstone: string, fields: string[]];
  const rows = (await TAKE.run(queue.client, keys, args)) as Row[];
  return rows.map(([jobId, start, tombstone, fields]) => {
    const hash: Record<string, string> = {};
    for (let i = 0; i + 1 < fields.length; i += 2) hash[fields[i] ?? ''] = fields[i + 1] ?? '';
    return { job: jobFrom(queue, jobId, hash), start, revoked: tombstone !== '', hash };
  });
}
