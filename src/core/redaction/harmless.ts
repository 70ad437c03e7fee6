/**
 * What comes from outside (arguments of tasks, messages of errors, names of workers) may hold characters that move the
 * cursor, colour what follows, or turn the order of what is read around. None of them reaches the terminal.
 */
const HARMFUL = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/** For one line: what is harmful has become blanks, one for each character. */
export const harmlessLine = (text: string): string => text.replace(HARMFUL, ' ');

/** For several lines: these stay. */
export const harmless = (text: string): string =>
  text.replaceAll('\r\n', '\n').split('\n').map(harmlessLine).join('\n');

/** For JSON: escaped, which is the same value. What JSON itself escapes already has been. */
export const harmlessJson = (json: string): string =>
  json.replace(HARMFUL, (character) =>
    character === '\n' ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
