import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { text } from './text.js';

const refusal = (value: unknown): string | undefined => text(5).safeParse(value).error?.issues[0]?.message;

describe('text from outside', () => {
  it.each(['a', 'Zoë', '日本語', "a' b", '👩🏽', '5'.repeat(5)])('keeps %j', (value) => {
    expect(text(5).parse(value)).toBe(value);
  });

  it.each(['', '123456'])('refuses the length of %j and says which is right', (value) => {
    expect(refusal(value)).toBe('expected 1 to 5 characters');
  });

  it('refuses every control character, NUL among them, wherever it stands', () => {
    const control = fc
      .oneof(fc.integer({ min: 0, max: 0x1f }), fc.integer({ min: 0x7f, max: 0x9f }))
      .map((code) => String.fromCharCode(code));
    const around = fc.constantFrom('', 'a', 'é');
    fc.assert(
      fc.property(around, control, around, (before, character, after) => {
        expect(refusal(before + character + after)).toBe('expected no control characters');
      }),
    );
  });

  it.each([undefined, null, 5, ['a']])('refuses %j, which is no text', (value) => {
    expect(text(5).safeParse(value).success).toBe(false);
  });
});
