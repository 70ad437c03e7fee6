import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { csvLine } from './csv.js';

/** A reader of RFC 4180, for one record. */
function read(line: string): string[] {
  const cells: string[] = [];
  for (let at = 0; ; at++) {
    if (line[at] === '"') {
      const end = /"(?!")/.exec(line.slice(at + 1).replaceAll('""', '\0\0'))?.index ?? Number.NaN;
      cells.push(line.slice(at + 1, at + 1 + end).replaceAll('""', '"'));
      at += end + 2;
    } else {
      const end = line.slice(at).search(/,|\r\n/);
      cells.push(line.slice(at, at + end));
      at += end;
    }
    if (line[at] !== ',') {
      expect(line.slice(at)).toBe('\r\n');
      return cells;
    }
  }
}

describe('a line of CSV', () => {
  it.each<[unknown, string]>([
    [undefined, ''],
    [null, ''],
    ['', ''],
    ['plain text', 'plain text'],
    ['a,b', '"a,b"'],
    ['say "x"', '"say ""x"""'],
    ['two\nlines', '"two\nlines"'],
    [-1.5, '-1.5'],
    [true, 'true'],
    [['a', 'b'], '"[""a"",""b""]"'],
    // What a spreadsheet would take for a formula.
    ['=1+1', "'=1+1"],
    ['+cmd', "'+cmd"],
    ['-2+3', "'-2+3"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['\t=1', "'\t=1"],
    ['=HYPERLINK("x","y")', `"'=HYPERLINK(""x"",""y"")"`],
    // Numbers are none, also as text.
    ['-5', '-5'],
    ['+4912', '+4912'],
    ['-1,5', '"-1,5"'],
  ])('has %j as %s', (value, cell) => {
    expect(csvLine([value])).toBe(`${cell}\r\n`);
  });

  it('can be read back, whatever the cells have, and begins no formula', () => {
    const cell = fc.oneof(
      fc.string({ unit: fc.constantFrom('a', ',', '"', '\r', '\n', ' ', 'é', '=', '-', '7') }),
      fc.string({ unit: 'grapheme' }),
    );
    fc.assert(
      fc.property(fc.array(cell, { minLength: 1 }), (cells) => {
        const found = read(csvLine(cells));
        expect(found).toEqual(cells.map((text, index) => (found[index] === text ? text : `'${text}`)));
        for (const text of found) expect(text).not.toMatch(/^[=@\t\r]|^[+-](?!\d+(?:[.,]\d+)?$)/);
      }),
    );
  });
});
