import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quantileOf } from './quantile.js';

const LIMITS = [0.1, 0.5, 1, 5, Infinity];

const histogram = (values: readonly number[]): Map<number, number> =>
  new Map(LIMITS.map((limit) => [limit, values.filter((value) => value <= limit).length]));

describe('the quantile of a histogram', () => {
  it('of nothing is none', () => {
    expect(quantileOf(0.95, new Map())).toBeNaN();
    expect(quantileOf(0.95, histogram([]))).toBeNaN();
  });

  it('takes the values of a bucket to be spread evenly', () => {
    expect(quantileOf(0.5, histogram([0.7, 0.7, 0.7, 0.7]))).toBeCloseTo(0.75);
    expect(
      quantileOf(0.95, histogram([...Array.from({ length: 94 }, () => 0.05), 2, 2, 2, 2, 2, 2])),
    ).toBeCloseTo(1 + 4 / 6);
  });

  it('beyond the last limit is that limit', () => {
    expect(quantileOf(0.99, histogram([9, 9, 9]))).toBe(5);
  });

  it('lies in the bucket of the value that it stands for', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.001, max: 4.99, noNaN: true }), { minLength: 1, maxLength: 50 }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (values, quantile) => {
          const sorted = [...values].sort((a, b) => a - b);
          const value = sorted[Math.ceil(quantile * values.length) - 1] ?? 0;
          const upper = LIMITS.find((limit) => value <= limit) ?? 0;
          const lower = [0, ...LIMITS].findLast((limit) => limit < upper) ?? 0;
          const found = quantileOf(quantile, histogram(values));
          expect(found).toBeGreaterThanOrEqual(lower - 1e-9);
          expect(found).toBeLessThanOrEqual(upper + 1e-9);
        },
      ),
    );
  });
});
