import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quoteHash } from './quote-item.js';

/** Letters whose cases map to each other one to one; "ß" and "SS", for one, do not. */
const letter = fc.constantFrom(
  ...'abcdefghijklmnopqrstuvwxyzàáâãäåæçèéêëìíîïñòóôõöøùúûüýабвгдежзийклмнопрстуфхцчшщъыьэюя'.split(''),
);
const word = fc.string({ unit: letter, minLength: 1, maxLength: 8 });
const words = fc.array(word, { minLength: 1, maxLength: 8 });
const space = fc.string({
  unit: fc.constantFrom(' ', '\t', '\n', '\r', '\u00a0', '\u2003', '\u3000'),
  minLength: 1,
  maxLength: 3,
});

describe('the key of a quote', () => {
  it('is a SHA-256 in hex', () => {
    expect(quoteHash('A rose is a rose.')).toMatch(/^[0-9a-f]{64}$/);
  });

  it('does not change over releases, for it is stored', () => {
    expect(quoteHash('  Ein  Café—\u201cJA\u201d ')).toBe(quoteHash('ein café—“ja”'));
    // sha256 of "a rose is a rose."
    expect(quoteHash('A rose is a rose.')).toBe(
      '38f747c2551e10814990805683ee7cf161faf11cc290e01972353760c0e1a657',
    );
  });

  it('is the same whatever the case', () => {
    fc.assert(
      fc.property(words, fc.infiniteStream(fc.boolean()), (parts, coins) => {
        const text = parts.join(' ');
        const mixed = Array.from(text, (each) => (coins.next().value ? each.toUpperCase() : each)).join('');
        expect(quoteHash(mixed)).toBe(quoteHash(text));
        expect(quoteHash(text.toUpperCase())).toBe(quoteHash(text));
      }),
    );
  });

  it('is the same whatever white space is between the words and around them', () => {
    fc.assert(
      fc.property(words, space, space, (parts, between, around) => {
        expect(quoteHash(around + parts.join(between) + around)).toBe(quoteHash(parts.join(' ')));
      }),
    );
  });

  it('is the same however characters are composed', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        for (const form of ['NFC', 'NFD', 'NFKC', 'NFKD'])
          expect(quoteHash(text.normalize(form))).toBe(quoteHash(text));
      }),
    );
    expect(quoteHash('ﬁne')).toBe(quoteHash('fine'));
  });

  it('differs when the words differ', () => {
    fc.assert(
      fc.property(words, words, (some, others) => {
        fc.pre(some.join(' ') !== others.join(' '));
        expect(quoteHash(some.join(' '))).not.toBe(quoteHash(others.join(' ')));
      }),
    );
  });

  it.each([
    ['a b', 'ab'],
    ['a.', 'a'],
    ['“a”', 'a'],
    ['résumé', 'resume'],
    ['1 < 2', '1 > 2'],
  ])('tells %j from %j', (one, other) => {
    expect(quoteHash(one)).not.toBe(quoteHash(other));
  });
});
