import { z } from 'zod';

/** A whole number of a definition; the error says which are possible. */
export function between(min: number, max: number) {
  const expected = `expected a whole number from ${min} to ${max}`;
  return z.int(expected).min(min, expected).max(max, expected);
}
