/**
 * Durations in steps of a fourth of an octave, from 0.1 ms to 6 hours, so that those of many processes can be added up:
 * a percentile read from them is wrong by 9 % at most.
 */
const STEPS_AN_OCTAVE = 4;
const SMALLEST_MS = 0.1;
export const STEPS = 112;

export function stepOf(ms: number): number {
  if (!(ms > SMALLEST_MS)) return 0;
  return Math.min(STEPS - 1, Math.ceil(Math.log2(ms / SMALLEST_MS) * STEPS_AN_OCTAVE));
}

/** The middle of a step, in milliseconds. */
const middleOf = (step: number): number =>
  step === 0 ? SMALLEST_MS / 2 : SMALLEST_MS * 2 ** ((step - 0.5) / STEPS_AN_OCTAVE);

/**
 * The duration that `share` of all do not exceed; 0 for none.
 * @param counts how many there are in each step.
 */
export function percentileOf(counts: ReadonlyMap<number, number>, share: number): number {
  const steps = [...counts].sort(([a], [b]) => a - b);
  const all = steps.reduce((sum, [, count]) => sum + count, 0);
  let seen = 0;
  for (const [step, count] of steps) {
    seen += count;
    if (seen >= share * all) return middleOf(step);
  }
  return 0;
}
