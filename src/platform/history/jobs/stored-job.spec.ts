import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { taskRow } from '../recording/task-rows.js';
import { newChange, shownFailure, shownTask } from '../recording/task-change.js';
import { StoredJob } from './stored-job.js';

const job = (hash: Record<string, string>): StoredJob => new StoredJob('a', 'default', hash);
const failure = { class: 'FetchError', code: 'fetch.status', message: 'status 500', trace: 'at x' };

describe('why a stored job failed', () => {
  it('is what its worker said', () => {
    expect(job({ failure: JSON.stringify(failure), failedReason: 'other' }).failure).toEqual(failure);
  });

  it('is what Bull has kept, when the worker said nothing that can be read', () => {
    const kept = { failedReason: 'boom', stacktrace: JSON.stringify(['at first', 'at last']) };
    for (const told of ['{"class":1}', 'not json', 'null'])
      expect(job({ ...kept, failure: told }).failure).toEqual({
        class: 'Error',
        message: 'boom',
        trace: 'at last',
      });
  });

  it('is that it stalled, when nobody was there to fail it', () => {
    const reason = 'job stalled more than allowable limit';
    expect(job({ failedReason: reason, stalledCounter: '4' }).failure).toEqual({
      class: 'TaskStalledError',
      code: 'task.stalled',
      message: reason,
    });
    const failed = { failedReason: 'boom', stalledCounter: '1', stacktrace: '["at x"]' };
    expect(job(failed).failure.class).toBe('Error');
  });
});

describe('a stored job', () => {
  it('is read as it was sent', () => {
    const envelope = { version: 2, payload: { n: 1 }, enqueuedAt: 5, headers: { rootId: 'r' } };
    const opts = { attempts: 3, backoff: { type: 'full-jitter', options: { baseMs: 7, maxMs: 9 } } };
    const stored = job({
      name: 'spec.task',
      data: JSON.stringify(envelope),
      opts: JSON.stringify(opts),
      starts: '4',
    });
    expect(stored.facts).toEqual({
      id: 'a',
      name: 'spec.task',
      queue: 'default',
      envelope,
      maxAttempts: 3,
      critical: false,
    });
    expect(stored.backoff).toEqual({ baseMs: 7, maxMs: 9 });
    expect(stored.starts).toBe(4);
  });

  it('is read whatever somebody has put there, as a row that can be written', () => {
    const field = fc.constantFrom(
      ...['name', 'data', 'opts', 'timestamp', 'starts', 'attemptsMade', 'finishedOn', 'failedReason'],
      ...['stacktrace', 'returnvalue', 'failure', 'stalledCounter'],
    );
    const value = fc.oneof(
      fc.string(),
      fc.json(),
      fc.double().map(String),
      fc.constantFrom('1e300', '-5', 'NaN'),
    );
    fc.assert(
      fc.property(fc.dictionary(field, value), (hash) => {
        const stored = job(hash);
        const change = newChange('a', shownTask(stored.facts));
        change.starts = stored.starts;
        change.attempt = stored.attempts;
        change.failure = shownFailure(stored.failure);
        change.finishedAt = stored.finishedAt;
        const row = JSON.parse(taskRow(change)) as Record<string, unknown>;
        for (const column of ['version', 'attempt', 'max_attempts'])
          expect(row[column]).toSatisfy((n: number) => Number.isInteger(n) && n >= 0 && n <= 32_767);
        for (const column of ['starts', 'enqueued_at', 'finished_at'])
          expect(row[column]).toSatisfy((n: number) => Number.isInteger(n) && n >= 0);
        expect(10 * stored.starts + 9).toBeLessThan(2 ** 31);
      }),
    );
  });
});
