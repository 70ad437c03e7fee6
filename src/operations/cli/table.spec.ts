import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { table } from './table.js';
import { cutTo, widthOf } from './text-width.js';

describe('a table', () => {
  it('has aligned columns and no blanks at the end of lines', () => {
    expect(
      table([
        ['ID', 'NAME', 'NOTE'],
        ['1', 'a', ''],
        ['22', 'long', 'x'],
      ]),
    ).toBe('ID  NAME  NOTE\n1   a\n22  long  x');
  });

  it('is cut to the screen where it is widest, but for what is of no use when it is cut', () => {
    const rows = [
      ['ID', 'ERROR', 'ARGS'],
      ['0123456789abcdef', 'the quick brown fox', 'jumps over the lazy dog'],
    ];
    const text = table(rows, { width: 40, whole: new Set([0]) });
    expect(text).toBe('ID                ERROR       ARGS\n0123456789abcdef  the quick…  jumps ove…');
    // With no room at all something stays to be read.
    expect(table(rows, { width: 1 })).toBe('ID      ERROR   ARGS\n01234…  the q…  jumps…');
  });

  it('never is wider than the screen, whatever is in it', () => {
    const cell = fc.string({ unit: 'grapheme', maxLength: 60 }).map((text) => text.replace(/\p{Cc}/gu, ' '));
    const rows = fc.array(fc.tuple(cell, cell, cell), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(rows, fc.integer({ min: 30, max: 100 }), (cells, width) => {
        for (const line of table(cells, { width }).split('\n'))
          expect(widthOf(line)).toBeLessThanOrEqual(width);
      }),
    );
  });

  it('is coloured without moving its columns', () => {
    const rows = [
      ['A', 'B'],
      ['x', 'y'],
    ];
    expect(table(rows, { paint: (text, row) => (row === 0 ? `<${text}>` : text) })).toBe('<A>  <B>\nx  y');
  });
});

describe('the width of a text', () => {
  it.each([
    ['abc', 3],
    ['日本語', 6],
    ['é', 1],
    ['e\u0301', 1],
    ['👩‍👩‍👧', 2],
    ['한', 2],
    ['', 0],
  ])('of %s is %i', (text, width) => {
    expect(widthOf(text)).toBe(width);
  });

  it('is what a text is cut to, between its characters', () => {
    expect(cutTo(3, 'abc')).toBe('abc');
    expect(cutTo(3, 'abcd')).toBe('ab…');
    expect(cutTo(4, '日本語')).toBe('日…');
  });
});
