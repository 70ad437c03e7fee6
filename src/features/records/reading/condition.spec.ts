import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Condition, ConditionFault, parseCondition } from './condition.js';

const CHARACTER = fc.oneof(
  fc.constantFrom(' ', 'a', '1', '_', '.', '-', 'é', '👩‍🚀', 'exists', '\0', '\ud83d'),
  fc.constantFrom('"', '\\', '=', '<', '>', '!', '~'),
);

describe('a condition', () => {
  it.each<[string, Condition]>([
    ['price < 20', { field: 'price', operator: '<', value: { text: '20', typed: 20 } }],
    ['price<=-1.5e3', { field: 'price', operator: '<=', value: { text: '-1.5e3', typed: -1500 } }],
    [' price  >=  20 ', { field: 'price', operator: '>=', value: { text: '20', typed: 20 } }],
    ['price > 007', { field: 'price', operator: '>', value: { text: '007', typed: undefined } }],
    [
      'title = A Light in the Attic',
      { field: 'title', operator: '=', value: { text: 'A Light in the Attic', typed: undefined } },
    ],
    ['title != "20"', { field: 'title', operator: '!=', value: { text: '20', typed: undefined } }],
    [
      'title = " a \\"b\\" \\\\ "',
      { field: 'title', operator: '=', value: { text: ' a "b" \\ ', typed: undefined } },
    ],
    ['title = ""', { field: 'title', operator: '=', value: { text: '', typed: undefined } }],
    ['title ~ x = y', { field: 'title', operator: '~', value: { text: 'x = y', typed: undefined } }],
    ['stock = true', { field: 'stock', operator: '=', value: { text: 'true', typed: true } }],
    ['größe = 1e999', { field: 'größe', operator: '=', value: { text: '1e999', typed: undefined } }],
    ['price exists', { field: 'price', operator: 'exists' }],
    ['price missing ', { field: 'price', operator: 'missing' }],
    ['exists exists', { field: 'exists', operator: 'exists' }],
    ['a-b.c_1 = 1', { field: 'a-b.c_1', operator: '=', value: { text: '1', typed: 1 } }],
  ])('is read: %s', (text, condition) => {
    expect(parseCondition(text)).toEqual(condition);
  });

  it.each([
    ['', 'expected the name of a field at character 1, where the end is'],
    ['  = 3', 'expected the name of a field at character 3, where "= 3" is'],
    ['1a = 3', 'expected the name of a field at character 1, where "1a = 3" is'],
    ['price', 'expected one of = != < <= > >= ~ exists missing at character 6, where the end is'],
    ['price 3', 'expected one of = != < <= > >= ~ exists missing at character 7, where "3" is'],
    [
      'price existsnot',
      'expected one of = != < <= > >= ~ exists missing at character 7, where "existsnot" is',
    ],
    ['price ! 3', 'expected one of = != < <= > >= ~ exists missing at character 7, where "! 3" is'],
    ['price exists 3', 'expected the end at character 14, where "3" is'],
    [
      'price =',
      'expected a value (in quotation marks, if it begins with = ! < > or ~) at character 8, where the end is',
    ],
    [
      'price == 3',
      'expected a value (in quotation marks, if it begins with = ! < > or ~) at character 8, where "= 3" is',
    ],
    ['a = "b', 'expected a text in quotation marks, with \\" and \\\\ inside at character 5, where ""b" is'],
    ['a = "b" c', 'expected the end at character 9, where "c" is'],
  ])('that cannot be read says what was expected, and where: %j', (text, message) => {
    const fault = parseCondition(text);
    expect(fault).toBeInstanceOf(ConditionFault);
    expect((fault as ConditionFault).message).toBe(message);
  });

  it('in quotation marks takes any text back', () => {
    fc.assert(
      fc.property(fc.string({ unit: CHARACTER }), (text) => {
        const quoted = `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
        expect(parseCondition(`a = ${quoted}`)).toEqual({
          field: 'a',
          operator: '=',
          value: { text, typed: undefined },
        });
      }),
    );
  });

  it('of any text is read or refused, quickly and with a place inside of it', () => {
    const text = fc.oneof(
      fc.string({ unit: CHARACTER, maxLength: 500 }),
      fc.stringMatching(/^[ a"\\=<>!~]{0,500}$/),
    );
    fc.assert(
      fc.property(text, (given) => {
        const parsed = parseCondition(given);
        if (!(parsed instanceof ConditionFault)) return;
        expect(parsed.position).toBeGreaterThanOrEqual(0);
        expect(parsed.position).toBeLessThanOrEqual(given.length);
      }),
    );
  });
});
