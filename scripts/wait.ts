import { setTimeout as delay } from 'node:timers/promises';

/** Asks again and again until `read` has a value; throws what `read` throws, and when the deadline is over. */
export async function waitFor<T>(
  what: string,
  deadlineMs: number,
  signal: AbortSignal,
  read: () => Promise<T | undefined>,
): Promise<T> {
  const until = performance.now() + deadlineMs;
  while (performance.now() < until) {
    signal.throwIfAborted();
    const value = await read();
    if (value !== undefined) return value;
    await delay(100, undefined, { signal });
  }
  throw new Error(`${what} did not come within ${deadlineMs / 1000} s`);
}
