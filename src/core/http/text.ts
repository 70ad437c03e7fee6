import { z } from 'zod';

/** Text from outside, of bounded length. PostgreSQL stores no NUL, and no name here has control characters. */
export function text(maxLength: number) {
  return z
    .string()
    .min(1, `expected 1 to ${maxLength} characters`)
    .max(maxLength, `expected 1 to ${maxLength} characters`)
    .regex(/^[^\p{Cc}]*$/u, 'expected no control characters');
}
