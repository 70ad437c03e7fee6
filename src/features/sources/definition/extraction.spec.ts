import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../../core/errors/index.js';
import { compileDateFormat } from './date-format.js';
import { extractionSchema } from './extraction.js';
import { pattern } from './pattern.js';

/** The faults of a declaration, as the API tells them. */
function faultsOf(input: unknown): string[] {
  const { error } = extractionSchema.safeParse(input);
  if (!error) return [];
  const { errors } = InvalidInputError.fromIssues(error.issues, input, 'extraction').extensions;
  return errors.map(({ field, message }) => `${field}: ${message}`);
}

const items = (fields: object, rest: object = {}) => ({
  items: [{ selector: 'p', key: [Object.keys(fields)[0] ?? 'none'], fields, ...rest }],
});

describe('a field', () => {
  it.each<[field: object, ...faults: RegExp[]]>([
    [{}],
    [{ selector: 'h3 > a', attribute: 'title', from: 'attribute', required: true }],
    [{ selector: 'p', type: 'number', decimal: ',', regex: '([\\d.,]+)', list: true }],
    [{ selector: 'p', type: 'boolean' }],
    [{ selector: 'p', list: true, type: 'boolean', map: { Yes: true, No: false } }],
    [{ map: { One: 1, Two: 'two', Three: null, Four: true } }],
    [{ type: 'number', map: { One: 1, None: null } }],
    [{ type: 'date', format: "'on' d LLLL yyyy 'at' h:mm a" }],
    [{ from: 'url', regex: '/author/([^/?#]+)' }],
    [{ from: 'attribute' }, /^attribute: expected the name of an attribute .*, got nothing$/],
    [{ attribute: 'x', from: 'html' }, /^from: expected attribute, or nothing/],
    [{ from: 'url', selector: 'a' }, /^selector: expected no selector beside from: url/],
    [{ list: true }, /^selector: expected a selector beside list: true, got nothing$/],
    [{ selector: 'p', list: true, type: 'boolean' }, /^list: expected false beside type: boolean/],
    [{ decimal: ',' }, /^decimal: expected it only beside type: number/],
    [
      { type: 'number', decimal: ',', map: {} },
      /^decimal: expected it only beside type: number, without map/,
    ],
    [{ format: 'yyyy' }, /^format: expected it only beside type: date, got "yyyy"$/],
    [{ type: 'url', map: {} }, /^map: expected none beside type: url/],
    [{ type: 'date', map: {} }, /^map: expected none beside type: date/],
    [{ type: 'number', map: { One: '1' } }, /^map\.One: expected a number or null .*, got "1"$/],
    [{ type: 'boolean', map: { One: 1 } }, /^map\.One: expected a boolean or null/],
    [{ type: 'text' }, /^type: expected string, number, boolean, date or url, got "text"$/],
    [{ selector: '' }, /^selector: expected a CSS selector of 1 to 500 characters/],
    [{ selector: 'x'.repeat(501) }, /^selector: expected a CSS selector of 1 to 500 characters/],
    [{ selector: 'a:hover' }, /^selector: expected a CSS selector \(it can never match anything\)/],
    [{ selector: ':foo' }, /^selector: expected a CSS selector \(Unknown pseudo-class :foo\)/],
    [{ regex: '(a)\\1' }, /^regex: expected a regular expression of RE2 \(.*invalid escape sequence/],
    [{ regex: 'x'.repeat(501) }, /^regex: expected a regular expression of 1 to 500 characters/],
    [{ attribute: 'a b' }, /^attribute: expected a name of an attribute/],
    [{ selectr: 'p' }, /^selectr: is not known here; remove it$/],
  ])('%j', (field, ...faults) => {
    expect(faultsOf(items({ id: {}, title: field }))).toEqual(
      faults.map((fault) =>
        expect.stringMatching(RegExp(fault.source.replace('^', '^items\\.0\\.fields\\.title\\.'))),
      ),
    );
  });

  it('has a name that fits into a query', () => {
    expect(faultsOf(items({ 'a b': {} }, { key: ['a'] }))).toContainEqual(
      expect.stringMatching(/^items\.0\.fields\.a b: expected names of fields of 1 to 64 characters/),
    );
  });
});

describe('a format of dates', () => {
  it.each([
    ['LLLL d', 'it has no year'],
    ['HH:mm', 'it has no year'],
    ['YYYY-MM-DD', '"YYYY" is no token'],
    ['DDD', '"DDD" is no token'],
    ["'yyyy", 'parsed'],
    ['yyyy H a', 'meridiem'],
    ['yyyy W', 'week'],
  ])('%j is refused: %s', (format, reason) => {
    expect(() => compileDateFormat(format)).toThrow(reason);
  });
});

describe('an extraction', () => {
  it('has kinds that differ, and keys of fields that are there and no lists', () => {
    const [item] = items({ a: {}, tags: { selector: 'a', list: true } }).items;
    expect(
      faultsOf({
        items: [item, { ...item, key: ['a', 'a'] }, { ...item, kind: 'b', key: ['tags', 'toString'] }],
      }),
    ).toEqual([
      'items.1.kind: expected kinds that differ, got nothing',
      'items.1.key.1: expected fields that differ, got "a"',
      'items.2.key.0: expected a field that is no list, got "tags"',
      'items.2.key.1: expected one of the fields a, tags, got "toString"',
    ]);
  });

  it('adds what is not said', () => {
    expect(extractionSchema.parse(items({ a: {} }))).toEqual({
      items: [
        {
          kind: 'item',
          selector: 'p',
          key: ['a'],
          history: false,
          fields: { a: { type: 'string', list: false, required: false } },
        },
      ],
      follow: [],
    });
  });

  it('is refused for its size before its selectors and expressions are compiled', () => {
    const bad = { selector: 'p[', regex: '(' };
    const many = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, n) => [`f${n}`, bad]));
    expect(faultsOf(items(many(101)))).toEqual([
      expect.stringMatching(/^items\.0\.fields: expected at most 100 fields/),
    ]);
    expect(faultsOf({ items: Array.from({ length: 21 }, () => items(many(1)).items[0]) })).toEqual([
      expect.stringMatching(/^items: expected at most 20 kinds of items/),
    ]);
    expect(
      faultsOf({ ...items({ a: {} }), follow: Array.from({ length: 51 }, () => ({ selector: 'p[' })) }),
    ).toEqual([expect.stringMatching(/^follow: expected at most 50 selectors of links/)]);
    expect(faultsOf(items(many(100)))).toHaveLength(20);
  });

  it('is refused when its expressions are too large together', () => {
    const fields = (regex: string) =>
      Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`f${n}`, { regex }]));
    expect(faultsOf(items(fields('\\pL{500}\\pL{400}')))).toEqual([
      expect.stringMatching(/^items\.0\.fields\.f\d+\.regex: expected regular expressions that are smaller/),
    ]);
    expect(faultsOf(items(fields('^“(.*)”$|^(.+)$')))).toEqual([]);
  });

  it('is accepted or refused, never anything else, whatever its texts are', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.string({ unit: fc.constantFrom(...Array.from('ap:()[]{}*+~>,.#"\'\\|^$1-')) }),
      fc.constantFrom(
        ':constructor',
        ':__proto__',
        ':is(:has(:not(a)))',
        '(?P<a>b)',
        'constructor',
        '__proto__',
      ),
    );
    fc.assert(
      fc.property(text, text, text, (selector, regex, format) => {
        const fields = { a: { selector, regex, type: 'date', format } };
        for (const fault of faultsOf(items(fields, { selector })))
          expect(fault).toMatch(/^items\.0\.(?:fields\.a\.)?(?:selector|regex|format): expected /);
      }),
    );
  });
});

describe('an expression', () => {
  it('may have any characters but those that are none', () => {
    expect(pattern.safeParse('“(.*)”').success).toBe(true);
    for (const text of ['', 'a\nb', 'a\0b', 'a\ud800']) expect(pattern.safeParse(text).success).toBe(false);
  });
});
