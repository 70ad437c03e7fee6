import { HOST_GRANTS } from './host-grants.lua.js';
import { HOST_OUTCOMES } from './host-outcomes.lua.js';
import { HOST_STATE } from './host-state.lua.js';
import { OPEN_CIRCUITS } from './open-circuits.lua.js';

/**
 * One exchange of a process with Redis about many hosts: what became of its requests, which go on, and which it may
 * start.
 *
 * KEYS: state and permits of each host, and last which circuits are open. ARGV[5]: for each host a JSON object with `lost`, `leaves`, `held` and `asks`;
 * ARGV[6]: how long a host is remembered after the last thing that happens to it, in milliseconds.
 *
 * Answers the time; then for each host how often its circuit has been opened, probed and closed just now, and for each
 * of its asks how many may start, what keeps the others waiting (see REFUSALS) and for how many microseconds.
 */
export const HOST_EXCHANGE = `${HOST_STATE}${HOST_OUTCOMES}${HOST_GRANTS}${OPEN_CIRCUITS}

local function save(key, host, kept)
  local changes = {}
  for _, name in ipairs(NAMES) do
    if host[name] ~= kept[name] then
      changes[#changes + 1], changes[#changes + 2] = name, host[name]
    end
  end
  if #changes == 0 then return end
  call('HSET', key, unpack(changes))
  local last = max(now, host.next_at, host.closed_until, host.open_until)
  call('PEXPIRE', key, ceil((last - now) / 1000) + ARGV[6])
  note(key, host, kept)
end

local answer = { now }
local function add(...)
  for _, number in ipairs({ ... }) do answer[#answer + 1] = number end
end

for i, message in ipairs(cjson.decode(ARGV[5])) do
  local key, slots = KEYS[2 * i - 1], KEYS[2 * i]
  local host, kept = load(key, slots)
  local events, grants = { opened = 0, probed = 0, closed = 0 }, {}
  for _, lost in ipairs(message.lost) do forget(host, slots, lost) end
  for _, left in ipairs(message.leaves) do leave(host, slots, left, events) end
  renew(slots, message.held)
  for n, ask in ipairs(message.asks) do grants[n] = { grant(host, slots, ask, events) } end
  add(events.opened, events.probed, events.closed)
  for _, granted in ipairs(grants) do add(unpack(granted)) end
  save(key, host, kept)
end
return answer`;
