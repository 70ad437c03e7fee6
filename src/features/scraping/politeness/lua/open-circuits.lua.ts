/**
 * How long a half-open circuit still counts as open: its probe is on its way, and a host that is away would else seem
 * to be back each time that somebody looks whether it is.
 */
const HALF_OPEN_SECONDS = 60;

/**
 * The last part of the script that changes hosts: which circuits are open, for a count that reads no host.
 *
 * The last of KEYS: a sorted set of the keys of hosts whose circuit is not closed, by the time until which it is open.
 * What has been half-open for longer than a minute is left out, for nobody may ever ask that host again.
 */
export const OPEN_CIRCUITS = `
local CIRCUITS = KEYS[#KEYS]

local function note(key, host, kept)
  if host.open_until == kept.open_until then return end
  if type(try('ZREMRANGEBYSCORE', CIRCUITS, '-inf', now - ${HALF_OPEN_SECONDS} * SECOND)) == 'table' then
    call('DEL', CIRCUITS)
  end
  if host.open_until == 0 then
    call('ZREM', CIRCUITS, key)
  else
    call('ZADD', CIRCUITS, host.open_until, key)
    call('PEXPIRE', CIRCUITS, ceil(HOUR / 1000) + ${HALF_OPEN_SECONDS} * 1000)
  end
end`;

/** KEYS: the sorted set. Answers how many circuits are open. */
export const COUNT_OPEN_CIRCUITS = `
local time = redis.call('TIME')
return redis.call('ZCOUNT', KEYS[1], (time[1] - ${HALF_OPEN_SECONDS}) * 1000000 + time[2], '+inf')`;
