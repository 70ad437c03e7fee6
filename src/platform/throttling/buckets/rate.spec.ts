import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rate } from './rate.js';

const refusal = (text: string): string | undefined => rate().safeParse(text).error?.issues[0]?.message;

describe('a rate', () => {
  it.each([
    ['1000/1h', { requests: 1000, periodSeconds: 3600, burst: 1000 }],
    ['1000/1h,burst=50', { requests: 1000, periodSeconds: 3600, burst: 50 }],
    ['10/1s,burst=500', { requests: 10, periodSeconds: 1, burst: 500 }],
    [' 5/15m ', { requests: 5, periodSeconds: 900, burst: 5 }],
    ['1/366d', { requests: 1, periodSeconds: 31_622_400, burst: 1 }],
    ['10000/1s', { requests: 10_000, periodSeconds: 1, burst: 10_000 }],
  ])('%j is read', (text, expected) => {
    expect(rate().parse(text)).toEqual(expected);
  });

  it.each([
    '',
    '1000',
    '1000/h',
    '1000/1w',
    '1e3/1h',
    '-1/1h',
    '1.5/1h',
    '1000/1h,',
    '1000/1h, burst=5',
    '1000 per hour',
  ])('%j is refused with an example of the notation', (text) => {
    expect(refusal(text)).toBe(
      'expected requests per period such as 1000/1h, with units s, m, h and d, and if wanted a burst: 1000/1h,burst=50',
    );
  });

  it.each([
    ['0/1h', 'expected 1 to 10000000 requests a period'],
    ['10000001/1d', 'expected 1 to 10000000 requests a period'],
    ['1/0s', 'expected a period of 1s to 366d'],
    ['1/367d', 'expected a period of 1s to 366d'],
    ['10001/1s', 'expected at most 10000 requests a second'],
    ['10/1h,burst=0', 'expected a burst of 1 to 10000000 requests'],
    ['10/1h,burst=10000001', 'expected a burst of 1 to 10000000 requests'],
    ['1/1d,burst=367', 'expected a burst that is there again within 366 days'],
  ])('%j is refused: %s', (text, expected) => {
    expect(refusal(text)).toBe(expected);
  });

  it('is read as it is written, or refused in words', () => {
    const parts = [
      fc.nat(20_000_000),
      fc.nat(1000),
      fc.constantFrom('s', 'm', 'h', 'd'),
      fc.nat(20_000_000),
    ] as const;
    const seconds = { s: 1, m: 60, h: 3600, d: 86_400 };
    fc.assert(
      fc.property(...parts, (requests, count, unit, burst) => {
        const result = rate().safeParse(`${requests}/${count}${unit},burst=${burst}`);
        if (!result.success) expect(result.error.issues[0]?.message).toMatch(/^expected /);
        else
          expect(result.data).toEqual({
            requests,
            periodSeconds: count * seconds[unit],
            burst,
          });
      }),
    );
  });
});
