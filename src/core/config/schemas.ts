import { z } from 'zod';

/** A whole number given as text, within bounds, e.g. `wholeNumber(1, 65535).default('3000')`. */
export function wholeNumber(min: number, max: number) {
  const expected = `expected a whole number from ${min} to ${max}`;
  return z
    .string({ error: expected })
    .regex(/^\d{1,15}$/, expected)
    .transform(Number)
    .refine((value) => value >= min && value <= max, expected);
}

/** A URL with one of the given schemes; the error names them with an example. */
export function urlOf(schemes: readonly string[], example: string) {
  const expected = `expected a URL such as ${example}`;
  return z.string({ error: expected }).refine((value) => {
    return URL.canParse(value) && schemes.includes(new URL(value).protocol.slice(0, -1));
  }, expected);
}

/** A comma-separated list; blanks are trimmed, empty parts dropped. */
export function list() {
  return z.string().transform((value) =>
    value
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== ''),
  );
}

/** `true` or `false`. */
export function flag() {
  return z.enum(['true', 'false'], 'expected true or false').transform((value) => value === 'true');
}
