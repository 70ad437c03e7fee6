import { setImmediate as turn } from 'node:timers/promises';

/** Milliseconds for which operations may keep the event loop to themselves, as no server full of sockets can. */
const UNTIL_TURN_MS = 10;

/**
 * How often a second `operation` completes when so many callers do nothing but wait for it and call again. Operations
 * that need no input would otherwise keep timers and sockets of the process from ever being looked at.
 */
export async function callsPerSecond(
  operation: (caller: number) => Promise<unknown>,
  callers: number,
  durationMs: number,
): Promise<number> {
  const start = performance.now();
  const until = start + durationMs;
  let nextTurn = start + UNTIL_TURN_MS;
  let calls = 0;
  await Promise.all(
    Array.from({ length: callers }, async (_, caller) => {
      for (let now = start; now < until; now = performance.now()) {
        if (now >= nextTurn) {
          nextTurn = now + UNTIL_TURN_MS;
          await turn();
        }
        await operation(caller);
        calls++;
      }
    }),
  );
  return calls / ((performance.now() - start) / 1000);
}
