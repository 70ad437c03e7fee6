import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { list, urlOf, wholeNumber } from './schemas.js';

describe('a whole number', () => {
  const port = wholeNumber(1, 65_535);

  it('keeps every number within its bounds', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 65_535 }), (n) => port.parse(String(n)) === n));
  });

  it('refuses every number outside its bounds', () => {
    const outside = fc.oneof(fc.integer({ max: 0 }), fc.integer({ min: 65_536 }));
    fc.assert(fc.property(outside, (n) => !port.safeParse(String(n)).success));
  });

  it.each([
    '',
    ' ',
    '1.5',
    '1e3',
    '0x10',
    ' 80',
    '80 ',
    '-1',
    '+1',
    '８０',
    'NaN',
    'Infinity',
    '9'.repeat(16),
  ])('refuses %j, which Number() would partly take', (text) => {
    expect(wholeNumber(0, Number.MAX_SAFE_INTEGER).safeParse(text).success).toBe(false);
  });

  it('says the bounds, also when nothing was given', () => {
    for (const input of [undefined, 'x', '0']) {
      expect(port.safeParse(input).error?.issues[0]?.message).toBe('expected a whole number from 1 to 65535');
    }
  });
});

describe('a URL', () => {
  const url = urlOf(['http', 'https'], 'https://example.org/');

  it.each(['http://localhost', 'https://example.org/a?b#c', 'http://[::1]:3000/'])(
    'keeps %s as it was written',
    (text) => {
      expect(url.parse(text)).toBe(text);
    },
  );

  it.each([
    'ftp://example.org/',
    'example.org',
    '//example.org',
    'https:',
    'javascript:alert(1)',
    'httpss://a/',
  ])('refuses %s and shows an example', (text) => {
    expect(url.safeParse(text).error?.issues[0]?.message).toBe('expected a URL such as https://example.org/');
  });
});

describe('a list', () => {
  it('trims its parts and drops empty ones', () => {
    expect(list().parse(' 10.0.0.0/8 ,, ::1,')).toEqual(['10.0.0.0/8', '::1']);
    expect(list().parse(' , ')).toEqual([]);
  });

  it('gives back what was joined', () => {
    const part = fc.string({ minLength: 1 }).filter((text) => !text.includes(',') && text.trim() === text);
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        expect(list().parse(parts.join(' , '))).toEqual(parts);
      }),
    );
  });
});
