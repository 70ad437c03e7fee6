/** What keeps a request waiting. The script answers with the place in this list. */
export const REFUSALS = ['none', 'rate', 'concurrency', 'retry_after', 'circuit_open', 'probing'] as const;
export type Refusal = (typeof REFUSALS)[number];

/**
 * How many requests may start now, what keeps the others waiting, and for how many microseconds (0: nobody knows).
 *
 * The bucket is GCRA: a start is allowed while the time at which the bucket will be full, moved by one interval, is
 * not further ahead than `burst` intervals. Two policies share that time and each moves it by its own interval.
 *
 * Askers take turns: who gives a slot back would always be the first to know that it is free. So everybody leaves a
 * slot to who has been refused one for longest and will ask again, which takes 250 ms at most. If it does not, it has
 * gone.
 */
export const HOST_GRANTS = `
local TURN, LONGEST_LINE = SECOND / 2, 500
local NONE, RATE, CONCURRENCY, RETRY_AFTER, CIRCUIT_OPEN, PROBING = 0, 1, 2, 3, 4, 5

local function place(host, who) return string.find(host.waiting, who .. ' ', 1, true) end

local function lineUp(host, who)
  if not place(host, who) and #host.waiting < LONGEST_LINE then host.waiting = host.waiting .. who .. ' ' end
end

local function leaveLine(host, who)
  local from, to = place(host, who)
  if not from then return end
  host.waiting = string.sub(host.waiting, 1, from - 1) .. string.sub(host.waiting, to + 1)
  if from == 1 then host.kept_at = 0 end
end

local function lease(slots, permits)
  local leases = {}
  for i, id in ipairs(permits) do leases[2 * i - 1], leases[2 * i] = now + LEASE, id end
  call('ZADD', slots, unpack(leases))
  call('PEXPIRE', slots, ceil(LEASE / 1000))
end

-- How many of the free slots somebody may take.
local function shareOf(host, who, free)
  local first = string.match(host.waiting, '^(%S*) ')
  if not first or first == who or free < 1 then return free end
  if host.kept_at == 0 then host.kept_at = now end
  if now - host.kept_at < TURN then return free - 1 end
  leaveLine(host, first)
  return free
end

-- Their requests are under way. So what is unknown by now counts, too: Redis may have lost it.
local function renew(slots, held)
  if #held > 0 then lease(slots, held) end
end

local function grant(host, slots, ask, events)
  local closed, opened = host.closed_until - now, host.open_until - now
  if closed > 0 and closed >= opened then return 0, RETRY_AFTER, closed end
  if opened > 0 then return 0, CIRCUIT_OPEN, opened end

  local granted, kept = ask.count, NONE
  local halfOpen = host.open_until > 0
  if halfOpen then
    local expires = call('ZSCORE', slots, host.probe)
    if expires then return 0, PROBING, expires - now end
    granted = 1
  end

  local room = shareOf(host, ask.by, ask.concurrency - call('ZCARD', slots))
  if room < granted then granted, kept = max(room, 0), CONCURRENCY end

  local interval, wait = ask.interval, 0
  if ask.most then interval = max(interval, min(host.delay, ask.most)) end
  if interval > 0 and granted > 0 then
    local backlog = max(host.next_at - now, 0)
    local tokens = max(floor((ask.burst * interval - backlog) / interval), 0)
    if tokens < granted then
      granted, kept = tokens, RATE
      wait = backlog + (granted + 1 - ask.burst) * interval
    end
    if granted > 0 then host.next_at = now + backlog + granted * interval end
  end
  if granted == 0 then
    if kept == CONCURRENCY then lineUp(host, ask.by) end
    return 0, kept, wait
  end
  leaveLine(host, ask.by)

  local permits = {}
  for i = 1, granted do permits[i] = ask.id .. ':' .. i end
  lease(slots, permits)
  if halfOpen then
    host.probe = permits[1]
    events.probed = events.probed + 1
    if ask.count > 1 then return 1, PROBING, LEASE end
  end
  return granted, kept, wait
end`;
