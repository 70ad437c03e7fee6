import { z } from 'zod';

/**
 * Text from outside, of bounded length. PostgreSQL stores neither NUL nor half a pair of surrogates, which JSON can
 * bring, and no name here has control characters.
 */
export function text(maxLength: number) {
  const expected = `expected 1 to ${maxLength} characters`;
  return z
    .string(expected)
    .min(1, expected)
    .max(maxLength, expected)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'expected no control characters');
}
