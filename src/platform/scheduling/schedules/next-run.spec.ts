import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextRun, runOf, type Timing } from './next-run.js';

const timing = (over: Partial<Timing> = {}): Timing => ({
  id: '6f0e0d3c-1f7e-4f6e-9d6a-0d7c1a2b3c4d',
  cron: '0 * * * *',
  timeZone: 'UTC',
  jitterSeconds: 0,
  ...over,
});
const at = (time: string): Date => new Date(`2026-05-01T${time}Z`);

describe('the slot after one that has been dealt with', () => {
  it('is the one that follows, in time', () => {
    expect(nextRun(timing(), at('12:00:01'), at('12:00:00'))).toEqual({
      slot: at('13:00:00'),
      runAt: at('13:00:00'),
    });
  });

  it('is the next from now on after a time without schedulers, however many were missed', () => {
    expect(nextRun(timing(), new Date('2026-07-20T09:59:59Z'), at('12:00:00')).slot).toEqual(
      new Date('2026-07-20T10:00:00Z'),
    );
  });

  it('is not left out because the jitter of the one before reached up to it', () => {
    const late = timing({ jitterSeconds: 3600 });
    const now = new Date(at('12:59:59').getTime() + 999);
    expect(nextRun(late, now, at('12:00:00')).slot).toEqual(at('13:00:00'));
    // 13:00 itself, whose moment is up to an hour away.
    expect(nextRun(late, at('13:00:00'), at('12:00:00')).slot).toEqual(at('13:00:00'));
  });

  it('is still to come, whatever was missed and however late it may be', () => {
    const crons = fc.constantFrom('* * * * * *', '*/7 * * * *', '0 3 * * *', '0 0 1 * *');
    fc.assert(
      fc.property(crons, fc.nat(3600), fc.nat(10_000_000), (cron, jitterSeconds, lateSeconds) => {
        const slot = at('12:00:00');
        const now = new Date(slot.getTime() + lateSeconds * 1000);
        const next = nextRun(timing({ cron, jitterSeconds }), now, slot);
        expect(next.runAt.getTime()).toBeGreaterThan(now.getTime());
        expect(next.slot.getTime()).toBeGreaterThan(slot.getTime());
      }),
    );
  });
});

describe('the jitter of a slot', () => {
  it('is the same whoever computes it, and when', () => {
    const first = runOf(timing({ jitterSeconds: 600 }), at('13:00:00'));
    expect(runOf(timing({ jitterSeconds: 600 }), at('13:00:00'))).toEqual(first);
    // Replicas of another release would fire at another moment than the one that is shown.
    expect(first.runAt.toISOString()).toBe('2026-05-01T13:07:31.841Z');
  });

  it('is below what is allowed, in whole milliseconds', () => {
    fc.assert(
      fc.property(
        fc.uuid(),
        fc.date({ max: new Date('2100-01-01T00:00:00Z'), noInvalidDate: true }),
        fc.nat(3600),
        (id, slot, jitterSeconds) => {
          const { runAt } = runOf(timing({ id, jitterSeconds }), slot);
          const jitter = runAt.getTime() - slot.getTime();
          expect(Number.isInteger(jitter)).toBe(true);
          expect(jitter).toBeGreaterThanOrEqual(0);
          expect(jitter).toBeLessThan(Math.max(1, jitterSeconds * 1000));
        },
      ),
    );
  });

  it('spreads schedules of the same slot, and slots of the same schedule, evenly', () => {
    const ofSchedules = Array.from({ length: 4000 }, (_, n) =>
      runOf(timing({ id: `${n}`, jitterSeconds: 100 }), at('13:00:00')),
    );
    const ofSlots = Array.from({ length: 4000 }, (_, n) =>
      runOf(timing({ jitterSeconds: 100 }), new Date(n * 3_600_000)),
    );
    for (const runs of [ofSchedules, ofSlots]) {
      const tenths = Array<number>(10).fill(0);
      for (const { slot, runAt } of runs) tenths[Math.floor((runAt.getTime() - slot.getTime()) / 10_000)]!++;
      // 400 each; five standard deviations are 95.
      expect(Math.min(...tenths)).toBeGreaterThan(305);
      expect(Math.max(...tenths)).toBeLessThan(495);
    }
  });
});
