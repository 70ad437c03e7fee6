import { Script } from '../../core/redis/index.js';

/**
 * Adds what a process has timed to hashes of names, a bucket of time each. KEYS: the hashes. ARGV: names that a hash may
 * have, the name of the rest, for each hash the milliseconds that it is kept, then name and JSON of each timing.
 */
export const ADD_TIMINGS = new Script(
  'gleanerAddTimings',
  `
local most, rest = tonumber(ARGV[1]), ARGV[2]
for k, key in ipairs(KEYS) do
  local names = redis.call('HLEN', key)
  for a = 3 + #KEYS, #ARGV, 2 do
    local name = ARGV[a]
    local known = redis.call('HGET', key, name)
    if not known and names >= most then
      name = rest
      known = redis.call('HGET', key, name)
    end
    local sum = cjson.decode(ARGV[a + 1])
    if known then
      local old = cjson.decode(known)
      sum.count = sum.count + old.count
      sum.totalMs = sum.totalMs + old.totalMs
      sum.queries = sum.queries + old.queries
      if old.maxMs >= sum.maxMs then
        sum.maxMs = old.maxMs
        sum.slowest = old.slowest
      end
      for step, count in pairs(old.steps) do sum.steps[step] = (sum.steps[step] or 0) + count end
    else
      names = names + 1
    end
    redis.call('HSET', key, name, cjson.encode(sum))
  end
  redis.call('PEXPIRE', key, ARGV[2 + k])
end`,
);
