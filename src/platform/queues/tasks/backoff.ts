import { isRetryable } from '../../../core/errors/index.js';
import type { TaskDefinition } from './task.js';

/** Name under which Bull finds the strategy; stored in each job. */
export const FULL_JITTER = 'full-jitter';

/**
 * Milliseconds until the next attempt: "full jitter", random between 1 and min(max, base · 2^(attempts-1)), which
 * spreads retries best (Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog, 2015).
 * -1, which Bull reads as "no further attempt", for an error that cannot pass.
 */
export function backoffMs(
  attemptsMade: number,
  error: unknown,
  { baseMs, maxMs }: TaskDefinition['backoff'],
  random: () => number = Math.random,
): number {
  if (!isRetryable(error)) return -1;
  const ceiling = Math.min(maxMs, baseMs * 2 ** (attemptsMade - 1));
  // Never 0: Bull would put the job back without counting its time as scheduled.
  return Math.max(1, Math.round(random() * ceiling));
}
