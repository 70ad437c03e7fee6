import { Script } from '../../../core/redis/index.js';

/**
 * Keeps what a worker tells, on Redis's own clock, and forgets whom nobody has heard of for long.
 *
 * KEYS: what each worker has told (hash), when it was last heard of (sorted set, milliseconds since 1970), and the same
 * of those that have not said that they end (sorted set). ARGV: its id, what it tells (JSON), 1 while it lives or 0 when
 * it ends, milliseconds for which workers are remembered, and how many at most.
 *
 * Of more than that those go that were heard of longest ago. In one call no more than 100 go, so that it stays short;
 * when nobody calls any more the keys run out as a whole.
 */
export const BEAT = new Script(
  'gleanerBeat',
  `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local id, remember, most = ARGV[1], tonumber(ARGV[4]), tonumber(ARGV[5])
redis.call('HSET', KEYS[1], id, ARGV[2])
redis.call('ZADD', KEYS[2], now, id)
if ARGV[3] == '1' then redis.call('ZADD', KEYS[3], now, id) else redis.call('ZREM', KEYS[3], id) end
local gone = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now - remember, 'LIMIT', 0, 100)
local surplus = redis.call('ZCARD', KEYS[2]) - most
if surplus > #gone then gone = redis.call('ZRANGE', KEYS[2], 0, math.min(surplus, 100) - 1) end
if #gone > 0 then
  redis.call('HDEL', KEYS[1], unpack(gone))
  redis.call('ZREM', KEYS[2], unpack(gone))
  redis.call('ZREM', KEYS[3], unpack(gone))
end
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, remember) end`,
);
