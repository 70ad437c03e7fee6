import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { percentileOf, stepOf } from './duration-steps.js';
import { OTHER, Timings } from './timings.js';
import { WorkUnit } from './work-unit.js';

describe('steps of durations', () => {
  it('tell a percentile within a tenth, from 0.1 ms to 6 hours', () => {
    const durations = fc.array(fc.double({ min: 0.1, max: 21_600_000, noNaN: true }), { minLength: 1 });
    fc.assert(
      fc.property(durations, fc.constantFrom(0.5, 0.95, 1), (given, share) => {
        const counts = new Map<number, number>();
        for (const ms of given) counts.set(stepOf(ms), (counts.get(stepOf(ms)) ?? 0) + 1);
        const exact = given.toSorted((a, b) => a - b)[Math.ceil(share * given.length) - 1] ?? 0;
        const told = percentileOf(counts, share);
        // Below the smallest step there is nothing to tell apart.
        if (exact > 0.1) expect(told / exact).toSatisfy((ratio: number) => ratio > 0.9 && ratio < 1.1);
      }),
    );
  });

  it('have a place for everything', () => {
    expect([-1, 0, Number.NaN, 0.05].map(stepOf)).toEqual([0, 0, 0, 0]);
    expect(stepOf(1e9)).toBe(111);
    expect(percentileOf(new Map(), 0.95)).toBe(0);
  });
});

describe('timings', () => {
  it('keep 200 names of a kind, and the rest as one', () => {
    const timings = new Timings();
    for (let round = 0; round < 2; round++)
      for (let n = 0; n < 300; n++) timings.record('queries', `SELECT ${n}`, 1, 1, undefined);
    const { queries } = timings.take();
    expect(queries).toHaveLength(201);
    expect(queries.find(({ name }) => name === OTHER)).toMatchObject({ count: 200, totalMs: 200 });
  });

  it('remember the slowest, also when all took no time', () => {
    const timings = new Timings();
    timings.record('tasks', 'a', 0, 0, new WorkUnit('task', 'a', 'first'));
    timings.record('tasks', 'a', 0, 0, new WorkUnit('task', 'a', 'second'));
    expect(timings.take().tasks[0]?.slowest.id).toBe('first');
  });
});
