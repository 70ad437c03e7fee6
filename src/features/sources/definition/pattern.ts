import { RE2JS } from 're2js';
import { z } from 'zod';
import { messageOf } from '../../../core/errors/index.js';

const MAX_LENGTH = 500;
const expected = `expected a regular expression of 1 to ${MAX_LENGTH} characters`;

/** The shape of a regular expression; whether it compiles is checked of the whole declaration, see `checkExtraction`. */
export const pattern = z
  .string(expected)
  .regex(new RegExp(`^[^\\p{Cc}\\p{Cs}]{1,${MAX_LENGTH}}$`, 'u'), { error: expected, abort: true });

/** A compiled regular expression of a declaration. */
export type Pattern = RE2JS;

/**
 * Compiles a regular expression in the syntax of RE2, which has no look-around and no references back to groups: what
 * it does have takes a time that is linear in the text, whoever wrote the expression and whoever wrote the text.
 * @throws Error saying why it does not compile.
 */
export function compilePattern(text: string): Pattern {
  return RE2JS.compile(text);
}

/** The pattern, or why it is none. */
export function tryPattern(text: string): { compiled: Pattern } | { fault: string } {
  try {
    return { compiled: compilePattern(text) };
  } catch (error) {
    return { fault: messageOf(error) };
  }
}
