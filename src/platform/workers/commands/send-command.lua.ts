import { Script } from '../../../core/redis/index.js';

/**
 * Puts a command into the inboxes of workers. KEYS[1]: the command; then the inboxes. ARGV: its id, its text, when its
 * time is over (milliseconds since 1970 by Redis's clock), and how many commands an inbox keeps.
 *
 * The text is kept once, for as long as its time lasts. An inbox that overflows belongs to a worker that does not read.
 * Answers 1, or 0 when it was too late already, because Redis was busy or frozen.
 */
export const SEND_COMMAND = new Script(
  'gleanerSendCommand',
  `
local time = redis.call('TIME')
local left = tonumber(ARGV[3]) - time[1] * 1000 - math.floor(time[2] / 1000)
if left <= 0 then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', left)
for i = 2, #KEYS do
  redis.call('XADD', KEYS[i], 'MAXLEN', ARGV[4], '*', 'command', ARGV[1])
  if redis.call('PTTL', KEYS[i]) < left then redis.call('PEXPIRE', KEYS[i], left) end
end
return 1`,
);
