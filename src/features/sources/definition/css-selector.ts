import { compile } from 'css-select';
import { z } from 'zod';
import { messageOf } from '../../../core/errors/index.js';

const MAX_LENGTH = 500;
const expected = `expected a CSS selector of 1 to ${MAX_LENGTH} characters`;

/** The shape of a selector; whether it compiles is checked of the whole declaration, see `checkExtraction`. */
export const cssSelector = z
  .string(expected)
  .regex(new RegExp(`^[^\\p{Cc}\\p{Cs}]{1,${MAX_LENGTH}}$`, 'u'), { error: expected, abort: true });

/** What css-select makes of a selector that it finds impossible, such as `:hover`: nothing hovers over a page here. */
const NEVER = compile('[a^=""]');

/** Why this is no selector that can be used, or `undefined` when it is one. */
export function selectorFault(selector: string): string | undefined {
  try {
    return compile(selector) === NEVER ? 'it can never match anything' : undefined;
  } catch (error) {
    return messageOf(error);
  }
}
