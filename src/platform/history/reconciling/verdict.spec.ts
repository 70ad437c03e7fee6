import { describe, expect, it } from 'vitest';
import { StoredJob } from '../jobs/stored-job.js';
import { seqOf } from '../recording/seq.js';
import type { TaskState } from '../entities/task.entity.js';
import type { OpenRow } from './compared-rows.js';
import { type Found, verdictOf } from './verdict.js';

const job = (hash: Record<string, string> = {}): StoredJob =>
  new StoredJob('a', 'default', { name: 'spec.task', starts: '1', ...hash });
const nowhere: Found = { job: undefined, active: false, delayed: false, revoked: false };
const row = (state: TaskState, seq = seqOf(1, 'active')): OpenRow => ({
  id: 'a',
  queue: 'default',
  state,
  seq,
  starts: Math.floor(seq / 10),
});

describe('a row that has not ended', () => {
  it('is right when its queue says the same', () => {
    expect(verdictOf(row('active'), { ...nowhere, job: job(), active: true })).toBeUndefined();
    expect(verdictOf(row('pending', 0), { ...nowhere, job: job() })).toBeUndefined();
    expect(verdictOf(row('retry'), { ...nowhere, job: job(), delayed: true })).toBeUndefined();
  });

  it('is lost when no queue has its task, or was revoked when there is a tombstone', () => {
    expect(verdictOf(row('active'), nowhere)).toBe('lost');
    expect(verdictOf(row('pending', 0), { ...nowhere, revoked: true })).toBe('revoked');
  });

  it('has ended when its job has succeeded; what has failed is left to the sweeper', () => {
    expect(verdictOf(row('active'), { ...nowhere, job: job({ finishedOn: '5' }) })).toBe('ended');
    const failed = job({ finishedOn: '5', failedReason: 'x' });
    expect(verdictOf(row('active'), { ...nowhere, job: failed })).toBeUndefined();
  });

  it('is a ghost when it says that it runs, and no worker has it', () => {
    for (const state of ['active', 'received'] as const)
      expect(verdictOf(row(state), { ...nowhere, job: job() })).toBe('ghost_active');
  });

  it('is stuck when it says that it waits, and a worker has it', () => {
    const found = { ...nowhere, job: job({ starts: '2' }), active: true };
    expect(verdictOf(row('pending', 0), found)).toBe('stuck_pending');
    expect(verdictOf(row('retry', seqOf(1, 'retry')), found)).toBe('stuck_pending');
    // Its worker has told more than that already.
    expect(verdictOf(row('retry', seqOf(2, 'retry')), found)).toBeUndefined();
  });
});
