import { Script } from '../../../core/redis/index.js';

/**
 * Reads workers. KEYS as of BEAT. ARGV[1]: milliseconds without a heartbeat after which a worker is offline; ARGV[2]:
 * whose facts to read, too: `all`, `online` or `none`; then the ids of those that are wanted, or none for all.
 *
 * Answers Redis's time in milliseconds, and for each worker that is remembered four texts: its id, its state, when it
 * was last heard of, and what it told.
 */
export const READ_WORKERS = new Script(
  'gleanerReadWorkers',
  `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local ids = {}
for i = 3, #ARGV do ids[#ids + 1] = ARGV[i] end
if #ids == 0 then ids = redis.call('ZRANGE', KEYS[2], 0, -1) end
local answer = {now}
for _, id in ipairs(ids) do
  local heard = redis.call('ZSCORE', KEYS[2], id)
  if heard then
    local alive = redis.call('ZSCORE', KEYS[3], id)
    local state = 'stopped'
    if alive then state = now - alive > tonumber(ARGV[1]) and 'offline' or 'online' end
    answer[#answer + 1] = id
    answer[#answer + 1] = state
    answer[#answer + 1] = heard
    local told = ARGV[2] == 'all' or ARGV[2] == state
    answer[#answer + 1] = told and redis.call('HGET', KEYS[1], id) or ''
  end
end
return answer`,
);
