/**
 * Many decisions in one call, in their order, on Redis's own clock, so that processes whose clocks differ share a
 * bucket. A bucket is the time at which it will be full again (GCRA, ITU-T I.371), in microseconds, and is forgotten
 * by Redis at just that time.
 *
 * KEYS: the buckets of all decisions. ARGV[1]: a letter for each key, naming its limit (A or a is the first); a capital
 * ends a decision. ARGV[2], ARGV[3]: interval and depth of the first limit, and so on for each, in microseconds.
 *
 * Answers a whole number for each key: the microseconds until its bucket is full, n; or -1 - n when the decision is a
 * refusal, which leaves all of its buckets as they were. One number is enough for the caller to compute the rest.
 *
 * What stands in a key and is no time counts as a full bucket, and a time that is too far away as an empty one: nobody
 * waits longer than a bucket takes to fill, also after a limit was lowered or a clock was set back.
 */
export const TAKE_TOKENS = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local call, try, byte, ceil = redis.call, redis.pcall, string.byte, math.ceil
local letters, intervals, depths = ARGV[1], {}, {}
for limit = 1, (#ARGV - 1) / 2 do
  intervals[limit], depths[limit] = tonumber(ARGV[2 * limit]), tonumber(ARGV[2 * limit + 1])
end
local backlogs, first, allowed = {}, 1, true
for i, key in ipairs(KEYS) do
  local letter = byte(letters, i)
  local limit = letter % 32
  local depth = depths[limit]
  local backlog = (tonumber(try('GET', key)) or 0) - now
  if backlog < 0 then backlog = 0 elseif backlog > depth then backlog = depth end
  backlogs[i] = backlog
  if backlog + intervals[limit] > depth then allowed = false end
  if letter < 97 then
    for k = first, i do
      if allowed then
        local after = backlogs[k] + intervals[byte(letters, k) % 32]
        call('PSETEX', KEYS[k], ceil(after / 1000), now + after)
        backlogs[k] = after
      else
        backlogs[k] = -1 - backlogs[k]
      end
    end
    first, allowed = i + 1, true
  end
end
return backlogs`;
