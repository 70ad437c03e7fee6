import { setTimeout as delay } from 'node:timers/promises';

/**
 * Waits until `read` resolves to something that is not `undefined`, asking again and again.
 * @throws Error naming what was waited for, with the last failure, when it has not come within the deadline.
 */
export async function eventually<T>(
  what: string,
  read: () => Promise<T | undefined>,
  deadlineMs = 20_000,
): Promise<T> {
  const until = performance.now() + deadlineMs;
  let failure: unknown;
  do {
    try {
      const value = await read();
      if (value !== undefined) return value;
    } catch (error) {
      failure = error;
    }
    await delay(25);
  } while (performance.now() < until);
  throw new Error(`waited ${deadlineMs} ms for ${what}`, { cause: failure });
}
