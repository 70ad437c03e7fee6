import type { Queue } from 'bull';
import { Script } from '../../../core/redis/index.js';
import { FULL_JITTER } from '../tasks/backoff.js';
import type { RawTask } from '../tasks/raw-task.js';
import { delayedScore, keysOf } from './bull-internals.js';

/**
 * Puts jobs on a queue, all or none of them, and tells of each what became of it. Beside what Bull's script does it
 * - answers for each job, which Bull's bulk does not: one that failed there looks like the others;
 * - keeps to one live job a key, whoever else adds at the same time;
 * - adds a job of the outbox once, even if the first time ended before anybody knew, and the job has run since.
 */
const ADD = new Script(
  'gleanerAdd',
  `
local prefix, mark = ARGV[1], ARGV[2] == '1'
local answers = {}
local function live(id)
  return redis.call('EXISTS', prefix .. id) == 1
    and not redis.call('ZSCORE', KEYS[5], id) and not redis.call('ZSCORE', KEYS[6], id)
end
local wait = KEYS[1]
if redis.call('EXISTS', KEYS[3]) == 1 then wait = KEYS[2] end
local function add(id, name, data, opts, timestamp, score, key)
  local hash = prefix .. id
  if redis.call('EXISTS', hash) == 1 then return '' end
  if mark and not redis.call('SET', prefix .. 'outbox:' .. id, 1, 'NX', 'PX', 86400000) then return '' end
  if key ~= '' then
    local first = redis.call('GET', key)
    if first and live(first) then return first end
    redis.call('SET', key, id, 'PX', 604800000)
  end
  redis.call('HSET', hash, 'name', name, 'data', data, 'opts', opts, 'timestamp', timestamp, 'delay', 0, 'priority', 0)
  if score ~= '0' then
    redis.call('ZADD', KEYS[4], score, id)
    redis.call('PUBLISH', KEYS[4], score / 0x1000)
  else
    redis.call('LPUSH', wait, id)
  end
  return id
end
for i = 3, #ARGV, 7 do
  answers[#answers + 1] = add(ARGV[i], ARGV[i+1], ARGV[i+2], ARGV[i+3], ARGV[i+4], ARGV[i+5], ARGV[i+6])
end
return answers`,
);

/** `added`; `exists`: a job of this id is there, or was; `taken`: another live job has its key, whose id is told. */
export type Added =
  | { readonly outcome: 'added' }
  | { readonly outcome: 'exists' }
  | { readonly outcome: 'taken'; readonly by: string };

/** @param once for what comes from the outbox. */
export async function addJobs(
  queue: Queue,
  tasks: readonly RawTask[],
  keyOf: (task: RawTask) => string,
  once: boolean,
): Promise<Added[]> {
  const keys = keysOf(queue, 'wait', 'paused', 'meta-paused', 'delayed', 'completed', 'failed');
  const args = tasks.flatMap((task) => {
    const { eta = 0 } = task.envelope.headers;
    return [
      task.id,
      task.name,
      JSON.stringify(task.envelope),
      optionsOf(task),
      task.envelope.enqueuedAt,
      eta > Date.now() ? delayedScore(eta) : 0,
      keyOf(task),
    ];
  });
  const answers = (await ADD.run(queue.client, keys, [queue.toKey(''), once ? 1 : 0, ...args])) as string[];
  return tasks.map(({ id }, index): Added => {
    const answer = answers[index];
    if (answer === id) return { outcome: 'added' };
    return answer ? { outcome: 'taken', by: answer } : { outcome: 'exists' };
  });
}

/** What Bull and its tools read of a job. */
function optionsOf({ id, maxAttempts, backoff }: RawTask): string {
  return JSON.stringify({
    jobId: id,
    attempts: maxAttempts,
    delay: 0,
    backoff: { type: FULL_JITTER, options: backoff },
    removeOnFail: false,
  });
}
