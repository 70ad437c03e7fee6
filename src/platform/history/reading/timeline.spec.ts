import { describe, expect, it } from 'vitest';
import type { TaskAttempt } from '../entities/task-attempt.entity.js';
import { timelineOf } from './timeline.js';

const at = (second: number): Date => new Date(1_700_000_000_000 + second * 1000);
const base = { enqueuedAt: at(0), eta: null, finishedAt: null, errorMessage: null };

function attempt(
  start: number,
  from: number,
  to: number | null,
  outcome: TaskAttempt['outcome'],
): TaskAttempt {
  const error = outcome === 'retry' || outcome === 'failed' ? 'down' : null;
  return {
    taskId: 'a',
    start,
    attempt: start,
    worker: `w${start}`,
    outcome,
    startedAt: at(from),
    finishedAt: to === null ? null : at(to),
    runtimeMs: null,
    retryAt: null,
    errorClass: error && 'E',
    errorCode: null,
    errorMessage: error,
    trace: null,
  };
}
const told = (...moments: Parameters<typeof timelineOf>) =>
  timelineOf(...moments).map(({ at: time, what, detail }) =>
    [(time.getTime() - at(0).getTime()) / 1000, what, ...(detail ? [detail] : [])].join(' '),
  );

describe('the timeline of a task', () => {
  it('tells what happened, in order', () => {
    const attempts = [attempt(1, 1, 2, 'retry'), attempt(2, 5, 7, 'succeeded')];
    expect(told({ ...base, state: 'succeeded', eta: at(4), finishedAt: at(7) }, attempts)).toEqual([
      '0 enqueued',
      '1 started',
      '2 retry down',
      '4 due',
      '5 started',
      '7 succeeded',
    ]);
  });

  it('tells of an attempt that still runs only that it began', () => {
    expect(told({ ...base, state: 'active' }, [attempt(1, 1, null, null)])).toEqual([
      '0 enqueued',
      '1 started',
    ]);
  });

  it('tells the end of a task that never began, and of one whose worker did not tell it', () => {
    expect(told({ ...base, state: 'expired', finishedAt: at(3) }, [])).toEqual(['0 enqueued', '3 expired']);
    expect(
      told({ ...base, state: 'failed', finishedAt: at(9), errorMessage: 'stalled' }, [
        attempt(1, 1, 9, 'lost'),
      ]),
    ).toEqual(['0 enqueued', '1 started', '9 lost', '9 failed stalled']);
  });
});
