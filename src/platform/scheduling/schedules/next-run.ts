import { createHash } from 'node:crypto';
import { nextSlot } from './cron.js';

/** What decides when a schedule runs. */
export interface Timing {
  id: string;
  cron: string;
  timeZone: string;
  jitterSeconds: number;
}

/** A slot, and the moment in which it is due: up to the jitter later. */
export interface NextRun {
  slot: Date;
  runAt: Date;
}

/**
 * The slot that a schedule waits for after another: the one that follows it, unless that has been missed as well.
 * Then it is the next one from now on, so that any number of missed slots become the one that is due.
 * @param after the slot just dealt with; `now` for a schedule that begins.
 * @throws InvalidCronError
 */
export function nextRun(timing: Timing, now: Date, after: Date): NextRun {
  const following = runOf(timing, nextSlot(timing.cron, timing.timeZone, after));
  if (following.runAt > now) return following;
  return runOf(timing, nextSlot(timing.cron, timing.timeZone, now));
}

/** When a slot is due. The jitter is a hash: known beforehand, and the same for every process that asks. */
export function runOf({ id, jitterSeconds }: Timing, slot: Date): NextRun {
  const hash = createHash('sha256').update(`${id} ${slot.toISOString()}`).digest().readUInt32BE();
  const jitterMs = Math.floor((hash / 2 ** 32) * jitterSeconds * 1000);
  return { slot, runAt: new Date(slot.getTime() + jitterMs) };
}
