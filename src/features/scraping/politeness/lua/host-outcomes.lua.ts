/**
 * What the end of a request tells about its host. A permit counts once: when it is not under way any more it was told
 * before, or its lease has run out, so telling again what may have been told already does no harm.
 *
 * Circuit breaker: only failures of requests that began after the last good answer are failures in a row. Once it is
 * open, requests that were under way change nothing, neither for the worse nor for the better: the probe decides.
 *
 * AutoThrottle: https://docs.scrapy.org/en/latest/topics/autothrottle.html#throttling-algorithm, without its start
 * delay. An answer other than 200 may lengthen the delay, but not shorten it: error pages are quick.
 */
export const HOST_OUTCOMES = `
local function open(host, events)
  host.cooldown = min(host.cooldown == 0 and COOLDOWN or host.cooldown * 2, LONGEST_COOLDOWN)
  host.open_until = now + host.cooldown
  host.failures = 0
  events.opened = events.opened + 1
end

local function adapt(host, left)
  local delay = max(host.delay, left.least)
  local target = left.latency / left.target
  local adapted = max(left.least, min(max(target, (delay + target) / 2), left.most))
  if left.status == 200 or adapted > delay then host.delay = floor(adapted) end
end

local outcomes = {}

function outcomes.answered(host, left, probed, events)
  if left.started >= host.closed_at then host.bursts = 0 end
  if left.target then adapt(host, left) end
  if host.open_until > 0 then
    if not probed then return end
    host.open_until, host.cooldown = 0, 0
    events.closed = events.closed + 1
  end
  host.failures, host.well_at = 0, now
end

function outcomes.failed(host, left, probed, events)
  if host.open_until > 0 then
    if probed then open(host, events) end
  elseif left.started >= host.well_at then
    host.failures = host.failures + 1
    if host.failures >= FAILURES then open(host, events) end
  end
end

-- How long without a word from the host: 1, 2, 4, 8, 16, 32, 60 seconds.
function outcomes.throttled(host, left)
  local after = left.after
  if left.started >= host.closed_at then
    host.closed_at = now
    after = after or min(2 ^ host.bursts, 60) * SECOND
    host.bursts = min(host.bursts + 1, MOST.bursts)
  end
  if after then host.closed_until = max(host.closed_until, now + min(after, HOUR)) end
end

function outcomes.unused() end

local function leave(host, slots, left, events)
  if call('ZREM', slots, left.id) == 0 then return end
  local probed = host.probe == left.id
  if probed then host.probe = '' end
  outcomes[left.kind](host, left, probed, events)
end

-- Permits of a question whose answer never came: nobody knows whether they exist.
local function forget(host, slots, lost)
  for i = 1, lost.count do
    leave(host, slots, { id = lost.id .. ':' .. i, kind = 'unused' })
  end
end`;
