import { HOST_STATE } from './host-state.lua.js';

/** KEYS: state and permits of a host. Answers times in microseconds: the present one first, then as they are named. */
export const READ_HOST = `${HOST_STATE}
local host = load(KEYS[1], KEYS[2])
return { now, host.open_until, host.closed_until, host.delay, call('ZCARD', KEYS[2]) }`;
