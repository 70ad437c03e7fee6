import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limitOf, standingOf, tightest } from './limit.js';
import { LocalBuckets } from './local-buckets.js';
import { ReferenceBucket, takeOfEach } from '../../../../test/support/reference-bucket.js';

const rates = fc.record({
  requests: fc.integer({ min: 1, max: 50 }),
  periodSeconds: fc.integer({ min: 1, max: 100 }),
  burst: fc.integer({ min: 1, max: 60 }),
});

describe('a bucket in this process', () => {
  it('decides as the textbook does, for one limit and for two at once', () => {
    // Steps long enough to refill, and none at all, which is a burst.
    const steps = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 20_000_000 })), {
      maxLength: 150,
    });
    fc.assert(
      fc.property(fc.array(rates, { minLength: 1, maxLength: 2 }), steps, (given, pauses) => {
        let now = 1_000_000;
        const limits = given.map((rate, index) => limitOf(`limit-${index}`, rate));
        const buckets = new LocalBuckets(() => now);
        const references = limits.map((limit) => new ReferenceBucket(limit));
        for (const pause of pauses) {
          now += pause;
          const expected = takeOfEach(references, now);
          const { allowed, backlogsUs } = buckets.take(limits, 'somebody');
          expect(allowed).toBe(expected);
          for (const [index, reference] of references.entries()) {
            const standing = standingOf(limits[index]!, backlogsUs[index]!);
            expect(standing.remaining).toBe(reference.left);
            expect(backlogsUs[index]).toBe(reference.fullInUs);
          }
        }
      }),
    );
  });

  it('lets a burst through at once, and then one an interval', () => {
    let now = 0;
    const limits = [limitOf('default', { requests: 60, periodSeconds: 60, burst: 5 })];
    const buckets = new LocalBuckets(() => now);
    const takes = (count: number) =>
      Array.from({ length: count }, () => buckets.take(limits, 'a').allowed).filter(Boolean).length;
    expect(takes(10)).toBe(5);
    now += 999_999;
    expect(takes(10)).toBe(0);
    now += 1;
    expect(takes(10)).toBe(1);
    now += 3_600_000_000;
    expect(takes(10)).toBe(5);
  });

  it('is one for each client', () => {
    const limits = [limitOf('default', { requests: 1, periodSeconds: 60, burst: 1 })];
    const buckets = new LocalBuckets(() => 0);
    expect(buckets.take(limits, 'a').allowed).toBe(true);
    expect(buckets.take(limits, 'a').allowed).toBe(false);
    expect(buckets.take(limits, 'b').allowed).toBe(true);
  });

  it('takes nothing of either when one of two is empty', () => {
    const all = limitOf('default', { requests: 10, periodSeconds: 60, burst: 10 });
    const few = limitOf('search', { requests: 2, periodSeconds: 60, burst: 2 });
    const buckets = new LocalBuckets(() => 0);
    const answers = Array.from({ length: 9 }, () => buckets.take([all, few], 'a'));
    expect(answers.filter(({ allowed }) => allowed)).toHaveLength(2);
    expect(tightest(answers.at(-1)!)).toMatchObject({
      limit: { name: 'search' },
      remaining: 0,
      waitSeconds: 30,
    });
    const rest = Array.from({ length: 20 }, () => buckets.take([all], 'a'));
    expect(rest.filter(({ allowed }) => allowed)).toHaveLength(8);
  });

  it('is forgotten when there are too many, the least recently used first', () => {
    const limits = [limitOf('default', { requests: 1, periodSeconds: 60, burst: 2 })];
    const buckets = new LocalBuckets(() => 0, 3);
    for (const client of ['a', 'b', 'c', 'a', 'd']) buckets.take(limits, client);
    expect(buckets.size).toBe(3);
    // "b" has been forgotten; "a" has not, and is empty.
    expect(buckets.take(limits, 'a').allowed).toBe(false);
    expect(buckets.take(limits, 'b').backlogsUs).toEqual([60_000_000]);
    for (let i = 0; i < 10_000; i++) buckets.take(limits, `client-${i}`);
    expect(buckets.size).toBe(3);
  });
});

describe('how a client stands', () => {
  it('is told in whole seconds, never too early', () => {
    const limit = limitOf('default', { requests: 10, periodSeconds: 100, burst: 10 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: limit.depthUs }), (backlogUs) => {
        const { remaining, resetSeconds, waitSeconds } = standingOf(limit, backlogUs);
        expect(remaining).toBe(Math.floor((limit.depthUs - backlogUs) / limit.intervalUs));
        expect(resetSeconds * 1_000_000).toBeGreaterThanOrEqual(backlogUs);
        // After the wait there is a token, and before it there was none.
        expect(waitSeconds === 0).toBe(remaining >= 1);
        const later = standingOf(limit, Math.max(0, backlogUs - waitSeconds * 1_000_000));
        expect(later.remaining).toBeGreaterThanOrEqual(1);
      }),
    );
  });
});
