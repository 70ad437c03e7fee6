/**
 * Removes failed jobs that are in PostgreSQL now, unless somebody has taken them up again in the meantime: then they
 * are no longer in the set, or have failed at another time.
 * KEYS: the set, and the first part of the jobs' keys; ARGV: id and score of each. Answers how many were removed.
 */
export const SWEEP = `
local removed = 0
for i = 1, #ARGV, 2 do
  if redis.call('ZSCORE', KEYS[1], ARGV[i]) == ARGV[i + 1] then
    redis.call('ZREM', KEYS[1], ARGV[i])
    redis.call('DEL', KEYS[2] .. ARGV[i], KEYS[2] .. ARGV[i] .. ':logs')
    removed = removed + 1
  end
end
return removed`;
