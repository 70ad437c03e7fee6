import { Script } from '../../../core/redis/index.js';

/**
 * Finds out which workers are not any more what was told of them last, so that of several schedulers which all look one
 * tells it.
 *
 * KEYS[1]: what was told last of each worker (hash). ARGV: milliseconds that this is kept for, and for each worker that
 * there is its id, when it was heard of (milliseconds since 1970), and what is to be told (JSON). Answers the ids of
 * those that are to be told of. What was read before others have told something newer is left alone.
 */
export const TELL_WORKERS = new Script(
  'gleanerTellWorkers',
  `
local news, there = {}, {}
for i = 2, #ARGV, 3 do
  local id, heard, fact = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  there[id] = true
  local told = redis.call('HGET', KEYS[1], id)
  local at = told and string.match(told, '^(%d+) ')
  local isNews = not told or (tonumber(heard) >= tonumber(at) and string.sub(told, #at + 2) ~= fact)
  if isNews then news[#news + 1] = id end
  if isNews or tonumber(heard) > tonumber(at) then redis.call('HSET', KEYS[1], id, heard .. ' ' .. fact) end
end
for _, id in ipairs(redis.call('HKEYS', KEYS[1])) do
  if not there[id] then redis.call('HDEL', KEYS[1], id) end
end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return news`,
);
