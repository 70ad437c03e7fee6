import type { Redis } from 'ioredis';
import { READ_HOST } from './lua/read-host.lua.js';

/** How a host stands with all workers. Times are by the clock of this process. */
export interface HostState {
  readonly state: 'closed' | 'open' | 'half-open';
  /** Until when the circuit is open; null unless it is. */
  readonly openUntil: Date | null;
  /** Until when the host has asked not to be asked; null when that has passed. */
  readonly retryAfterUntil: Date | null;
  /** What AutoThrottle has come to; 0 when it has not been used. */
  readonly delayMs: number;
  readonly inFlight: number;
}

/** @param settings of the script. */
export async function readHostState(
  redis: Redis,
  keys: readonly [state: string, permits: string],
  settings: readonly number[],
): Promise<HostState> {
  const answer = (await redis.eval(READ_HOST, keys.length, ...keys, ...settings)) as number[];
  const [now = 0, openUntil = 0, closedUntil = 0, delay = 0, inFlight = 0] = answer;
  const ahead = (time: number): Date | null =>
    time > now ? new Date(Date.now() + (time - now) / 1000) : null;
  return {
    state: openUntil === 0 ? 'closed' : openUntil > now ? 'open' : 'half-open',
    openUntil: ahead(openUntil),
    retryAfterUntil: ahead(closedUntil),
    delayMs: delay / 1000,
    inFlight,
  };
}
