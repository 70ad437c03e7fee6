import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { numberIn } from './number-value.js';

describe('the number in a text', () => {
  it.each([
    ['£1,234.50', '.', 1234.5],
    ['1.234,50 €', ',', 1234.5],
    ['In stock (22 available)', '.', 22],
    ['$ 5', '.', 5],
    ['-£5.00', '.', -5],
    ['£-5.00', '.', -5],
    ['− 5', '.', -5],
    ['+5', '.', 5],
    ['-EUR 5', '.', -5],
    ['(-5)', '.', -5],
    ['a - 5', '.', -5],
    ['.5', '.', 0.5],
    ['about .5', '.', 0.5],
    ['No.5', '.', 5],
    ['Total...5', '.', 5],
    ['5.-', '.', 5],
    ['007', '.', 7],
    ['-0', '.', 0],
    ['1 234 567', '.', 1_234_567],
    ["1'234.50", '.', 1234.5],
    ['12,34,567', '.', 1_234_567],
    ['1,234,567', '.', 1_234_567],
    ['0.30', '.', 0.3],
    ['9783161484100', '.', 9_783_161_484_100],
  ] as const)('%j with the decimal sign %j is %d', (text, decimal, number) => {
    expect(numberIn(text, decimal)).toBe(number);
  });

  it.each([
    ['', '.'],
    ['free', '.'],
    ['1.234,50 €', '.'],
    ['£1,234.50', ','],
    ['1,50', '.'],
    ['1.50', ','],
    ['2 for £5', '.'],
    ['5-10', '.'],
    ['COVID-19', '.'],
    ['2024-05-17', '.'],
    ['1.2.3', '.'],
    ['1,234 567', '.'],
    ['1 2', '.'],
    ['12345678901234567890', '.'],
    ['0.12345678901234567', '.'],
    ['٣', '.'],
  ] as const)('%j with the decimal sign %j is not guessed', (text, decimal) => {
    expect(numberIn(text, decimal)).toBeNull();
  });

  it('is the one that was written, however it is written', () => {
    const amount = fc.integer({ min: -99_999_999_999, max: 99_999_999_999 }).map((cents) => cents / 100);
    fc.assert(
      fc.property(amount, fc.constantFrom('en-GB', 'en-IN', 'de-DE', 'de-CH', 'fr-FR'), (value, locale) => {
        const digits = { minimumFractionDigits: 2, maximumFractionDigits: 2 };
        const written = `${value.toLocaleString(locale, digits)} €`.replace(/\s/g, ' ');
        const decimal = /[.,](?=\d\d\D*$)/.exec(written)?.[0] === ',' ? ',' : '.';
        expect(numberIn(written, decimal)).toBe(value);
      }),
    );
  });

  it('takes a time in proportion to any text', () => {
    const slow = '1,'.repeat(32_768) + '1 '.repeat(32_768);
    expect(numberIn(slow, '.')).toBeNull();
  });
});
