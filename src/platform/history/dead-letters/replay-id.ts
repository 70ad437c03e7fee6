import { createHash } from 'node:crypto';

/** As `TaskQueue` takes them. */
const MAX_ID = 128;
const REPLAY = /^(.+)-r(\d{1,9})$/;

/**
 * The id of the task that repeats a dead letter, always the same one: `a` is repeated by `a-r1`, and that, should it
 * fail as well, by `a-r2`.
 * @param retryOf of the letter: without one, an id that ends so has nothing to do with repeating.
 */
export function replayIdOf(taskId: string, retryOf: string | undefined): string {
  const [, base = taskId, round = '0'] = (retryOf === undefined ? null : REPLAY.exec(taskId)) ?? [];
  const suffix = `-r${Number(round) + 1}`;
  const id = base + suffix;
  if (id.length <= MAX_ID) return id;
  const hash = createHash('sha256').update(base).digest('hex').slice(0, 32);
  return `${base.slice(0, MAX_ID - suffix.length - hash.length - 1)}-${hash}${suffix}`;
}
