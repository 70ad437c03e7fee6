import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { harmless, harmlessJson, harmlessLine } from './harmless.js';

/** Escape sequences, also those of one byte, line breaks, and what turns the direction of reading. */
const HARM = ['\u001b[2J', '\u009b31m', '\r', '\n', '\b', '\0', '\u202e', '\u2066', '\u2028', '\ud800'];
const anything = fc
  .array(fc.oneof(fc.constantFrom(...HARM), fc.string({ unit: 'binary' })))
  .map((parts) => parts.join(''));

const isHarmful = (text: string): boolean =>
  // oxlint-disable-next-line no-control-regex -- that is what it is about
  /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/.test(text) || !text.isWellFormed();

describe('what comes from outside', () => {
  it('is one line without anything that steers a terminal', () => {
    fc.assert(fc.property(anything, (text) => !isHarmful(harmlessLine(text))));
    expect(harmlessLine('a\u001b[31mb\nc')).toBe('a [31mb c');
  });

  it('keeps its lines where there may be several', () => {
    fc.assert(fc.property(anything, (text) => !isHarmful(harmless(text).replaceAll('\n', ''))));
    expect(harmless('a\r\nb\nc\rd')).toBe('a\nb\nc d');
  });

  it('is the same value in JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), anything, (value, text) => {
        const given = { value, text: text.toWellFormed() };
        const json = harmlessJson(JSON.stringify(given, undefined, 2));
        expect(isHarmful(json.replaceAll('\n', ''))).toBe(false);
        expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(given)));
      }),
    );
  });
});
