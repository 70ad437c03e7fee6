import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { loadConfig } from '../../../core/config/index.js';
import { GleanerError } from '../../../core/errors/index.js';
import { backoffMs, FULL_JITTER } from './backoff.js';
import { bullOptions } from '../bull/bull-options.js';
import { queuesConfig } from '../queues.config.js';
import { defineTask } from './task.js';

class Lasting extends GleanerError {
  readonly code = 'spec.lasting';
  readonly title = 'Lasting';
}

const passing = new Error('reset by peer');
const backoff = { baseMs: 1000, maxMs: 16_000 };
const longest = (attempt: number): number => backoffMs(attempt, passing, backoff, () => 1);

describe('the wait before the next attempt', () => {
  it('lies between 1 ms and the ceiling, for every attempt, backoff and throw of the dice', () => {
    const bounds = fc.record({
      baseMs: fc.integer({ min: 1, max: 60_000 }),
      maxMs: fc.integer({ min: 1, max: 3_600_000 }),
    });
    const dice = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5000 }), bounds, dice, (attempt, { baseMs, maxMs }, thrown) => {
        const ms = backoffMs(attempt, passing, { baseMs, maxMs }, () => thrown);
        expect(Number.isInteger(ms)).toBe(true);
        expect(ms).toBeGreaterThanOrEqual(1);
        expect(ms).toBeLessThanOrEqual(Math.min(maxMs, baseMs * 2 ** (attempt - 1)));
      }),
    );
  });

  it('may be twice as long at each attempt, up to the maximum', () => {
    expect([1, 2, 3, 4, 5, 6, 60].map(longest)).toEqual([1000, 2000, 4000, 8000, 16_000, 16_000, 16_000]);
  });

  it('is spread over the whole range, which keeps retries apart', () => {
    expect([0, 0.25, 0.5, 0.75].map((thrown) => backoffMs(3, passing, backoff, () => thrown))).toEqual([
      1, 1000, 2000, 3000,
    ]);
  });

  it('is not a wait but -1, which tells Bull to stop, for an error that cannot pass', () => {
    for (const attempt of [1, 2, 100])
      expect(backoffMs(attempt, new Lasting('x'), backoff, () => 1)).toBe(-1);
  });

  it('is what Bull finds under the name that jobs carry', () => {
    const queues = loadConfig({}, [queuesConfig]).get(queuesConfig);
    const options = bullOptions('producer', queues, { url: 'redis://x', prefix: 'spec' }, undefined as never);
    expect(options.settings?.backoffStrategies).toEqual({ [FULL_JITTER]: backoffMs });
  });

  it('takes the backoff as a task declares it', () => {
    const task = defineTask({
      name: 'spec.task',
      queue: 'low',
      version: 1,
      schema: z.object({}),
      attempts: 2,
      backoff: { baseMs: 7, maxMs: 7 },
      deadlineMs: 1,
    });
    expect(backoffMs(1, passing, task.backoff, () => 0.999)).toBe(7);
  });
});
