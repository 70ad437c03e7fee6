/**
 * What all workers know about a host, and the first part of every script that looks at it. Times are microseconds of
 * Redis's clock. Two keys: a hash of
 *
 * | field        | what it is                                                                              |
 * | ------------ | --------------------------------------------------------------------------------------- |
 * | next_at      | when the bucket of starts is full again (GCRA, ITU-T I.371)                              |
 * | closed_until | the host has asked not to be asked before (429, Retry-After)                             |
 * | closed_at    | when it did so: what was sent before that belongs to the same burst                      |
 * | bursts       | such bursts without an answer in between                                                 |
 * | failures     | failures in a row                                                                        |
 * | well_at      | when the last good answer came                                                           |
 * | open_until   | 0: the circuit is closed; ahead: it is open; past: it is half-open                       |
 * | cooldown     | how long it was opened the last time                                                     |
 * | probe        | the permit of the one request that a half-open circuit lets through                      |
 * | delay        | what AutoThrottle has come to                                                            |
 * | waiting      | who was refused a slot, in this order; each followed by a blank                          |
 * | kept_at      | since when a slot is kept for the first of them                                          |
 *
 * and a sorted set of the permits under way by the time at which their leases run out, which is how those of a worker
 * that was killed come back, the probe among them.
 *
 * ARGV[1] to ARGV[4]: lease in microseconds, failures that open the circuit, first and longest cool-down.
 *
 * What has another type, is no number, or lies further ahead than anything can counts as if it were not there: a host
 * with a spoilt state is a fresh host.
 */
export const HOST_STATE = `
local call, try, min, max, floor, ceil = redis.call, redis.pcall, math.min, math.max, math.floor, math.ceil
local SECOND, HOUR = 1000000, 3600000000
local LEASE, FAILURES = tonumber(ARGV[1]), tonumber(ARGV[2])
local COOLDOWN, LONGEST_COOLDOWN = tonumber(ARGV[3]), tonumber(ARGV[4])
local time = call('TIME')
local now = time[1] * SECOND + time[2]

local MOST = {
  next_at = now + HOUR, closed_until = now + HOUR, closed_at = now, bursts = 6, failures = 1000000,
  well_at = now, open_until = now + HOUR, cooldown = HOUR, delay = HOUR, kept_at = now,
}
local NUMBERS = {
  'next_at', 'closed_until', 'closed_at', 'bursts', 'failures', 'well_at', 'open_until', 'cooldown', 'delay', 'kept_at',
}
local NAMES = { 'probe', 'waiting', unpack(NUMBERS) }

-- The state, and what of it need not be written: a spoilt value could become believable when time goes on.
local function load(key, slots)
  local found, host, kept = try('HMGET', key, unpack(NAMES)), {}, {}
  if found.err then
    call('DEL', key)
    found = {}
  end
  host.probe, host.waiting = found[1] or '', found[2] or ''
  kept.probe, kept.waiting = host.probe, host.waiting
  for i, name in ipairs(NUMBERS) do
    local text = found[i + 2]
    local value = tonumber(text)
    local good = value and value >= 0 and value <= MOST[name]
    host[name] = good and value or 0
    kept[name] = (good or not text) and host[name]
  end
  if type(try('ZREMRANGEBYSCORE', slots, '-inf', now)) == 'table' then call('DEL', slots) end
  return host, kept
end`;
