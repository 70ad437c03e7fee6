import type { Job } from 'bull';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { JobLock } from './job-lock.js';
import { TaskLockLostError } from '../queues.errors.js';

/** What Redis answers to the next renewals; when nothing is left, that the lock is ours. */
let answers: (number | Error)[];
let renewals: { at: number; ms: number }[];
let lost: { at: number; error: TaskLockLostError }[];
let lock: JobLock;
let begun: number;

/** Of Redis, which is asked by a script. */
const client = {
  gleanerExtendLock: async (...args: unknown[]): Promise<number> => {
    renewals.push({ at: Date.now() - begun, ms: args.at(-2) as number });
    const answer = answers.shift() ?? 1;
    if (answer instanceof Error) throw answer;
    return answer;
  },
};
const queue = { toKey: (key: string) => key, token: 'ours', client };
const job = { id: 'run-1', queue } as unknown as Job;

const outage = (count: number): Error[] => Array.from({ length: count }, () => new Error('connection lost'));
const seconds = (): number[] => renewals.map(({ at }) => at / 1000);

beforeEach(() => {
  vi.useFakeTimers();
  answers = [];
  renewals = [];
  lost = [];
  begun = Date.now();
  lock = new JobLock({ job, start: 1 }, 60_000, (error) => lost.push({ at: Date.now() - begun, error }));
});
afterEach(() => {
  lock.release();
  vi.useRealTimers();
});

describe('the lock of a job', () => {
  it('is renewed every 15 seconds, for 60, as long as the handler runs', async () => {
    await vi.advanceTimersByTimeAsync(60 * 60_000);
    expect(renewals).toHaveLength(240);
    expect(seconds().slice(0, 4)).toEqual([15, 30, 45, 60]);
    expect(new Set(renewals.map(({ ms }) => ms))).toEqual(new Set([60_000]));
    expect(lost).toEqual([]);
  });

  it('survives an outage: tried again every 3 seconds, then every 15 as before', async () => {
    answers = [1, ...outage(3)];
    await vi.advanceTimersByTimeAsync(60_000);
    expect(seconds()).toEqual([15, 30, 33, 36, 39, 54]);
    expect(lost).toEqual([]);
  });

  it('is lost when an outage lasts until it runs out, 60 seconds after the last success and not later', async () => {
    answers = [1, 1, ...outage(1000)];
    await vi.advanceTimersByTimeAsync(300_000);
    // The last success was at 30 s.
    expect(lost).toHaveLength(1);
    expect(lost[0]?.at).toBeGreaterThan(30_000 + 60_000 - 2 * 3000);
    expect(lost[0]?.at).toBeLessThanOrEqual(30_000 + 60_000);
    expect(seconds().slice(0, 5)).toEqual([15, 30, 45, 48, 51]);
  });

  it('runs out 60 seconds after it was taken when no renewal ever succeeds', async () => {
    answers = outage(1000);
    await vi.advanceTimersByTimeAsync(300_000);
    expect(lost).toHaveLength(1);
    expect(lost[0]?.at).toBeGreaterThan(54_000);
    expect(lost[0]?.at).toBeLessThanOrEqual(60_000);
  });

  it('is lost at once when Redis says that it is not ours', async () => {
    answers = [0];
    await vi.advanceTimersByTimeAsync(15_000);
    expect(lost).toEqual([{ at: 15_000, error: expect.any(TaskLockLostError) as TaskLockLostError }]);
    expect(lost[0]?.error.message).toContain('run-1');
  });

  it('is left alone once it is lost', async () => {
    answers = [0];
    await vi.advanceTimersByTimeAsync(300_000);
    expect(renewals).toHaveLength(1);
    expect(lost).toHaveLength(1);
  });

  it('is left alone once it is released', async () => {
    await vi.advanceTimersByTimeAsync(20_000);
    lock.release();
    await vi.advanceTimersByTimeAsync(300_000);
    expect(renewals).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is not reported lost by an answer that comes after its release', async () => {
    const { promise, resolve } = Promise.withResolvers<number>();
    vi.spyOn(client, 'gleanerExtendLock').mockReturnValueOnce(promise);
    await vi.advanceTimersByTimeAsync(15_000);
    lock.release();
    resolve(0);
    await vi.advanceTimersByTimeAsync(300_000);
    expect(lost).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('counts from when a renewal was asked for, not from when its slow answer came', async () => {
    const { promise, resolve } = Promise.withResolvers<number>();
    vi.spyOn(client, 'gleanerExtendLock').mockReturnValueOnce(promise);
    answers = outage(1000);
    await vi.advanceTimersByTimeAsync(15_000 + 20_000);
    resolve(1);
    await vi.advanceTimersByTimeAsync(300_000);
    expect(lost[0]?.at).toBeLessThanOrEqual(15_000 + 60_000);
  });

  it('is lost when a renewal gets no answer at all until it has run out', async () => {
    const silence = new Promise<number>(() => undefined);
    vi.spyOn(client, 'gleanerExtendLock').mockReturnValue(silence);
    try {
      await vi.advanceTimersByTimeAsync(300_000);
      expect(lost).toHaveLength(1);
      expect(lost[0]?.at).toBeLessThanOrEqual(60_000);
    } finally {
      vi.restoreAllMocks();
    }
  });
});
