import { getEventListeners } from 'node:events';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { TimeLimit } from './time-limit.js';

const never = new AbortController();

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe('TimeLimit', () => {
  it('aborts when the time is over, and says so', () => {
    const limit = new TimeLimit([never.signal], 100);
    vi.advanceTimersByTime(99);
    expect([limit.signal.aborted, limit.isOver]).toEqual([false, false]);
    vi.advanceTimersByTime(1);
    expect([limit.signal.aborted, limit.isOver]).toEqual([true, true]);
  });

  it('aborts with the outer signal, for its reason', () => {
    const outer = new AbortController();
    const limit = new TimeLimit([outer.signal], 100);
    outer.abort('enough');
    expect([limit.signal.reason, limit.isOver]).toEqual(['enough', false]);
  });

  it('aborts with whichever outer signal does, and names that one', () => {
    const second = new AbortController();
    const limit = new TimeLimit([never.signal, second.signal], 100);
    expect(limit.aborted).toBeUndefined();
    second.abort('lost');
    expect([limit.signal.reason, limit.aborted]).toEqual(['lost', second.signal]);
  });

  it('has been aborted when the outer signal was', () => {
    expect(new TimeLimit([AbortSignal.abort('before')], 100).signal.reason).toBe('before');
  });

  it('leaves nothing behind at its end', () => {
    const outer = new AbortController();
    const limit = new TimeLimit([outer.signal], 100);
    limit.end();
    expect([vi.getTimerCount(), getEventListeners(outer.signal, 'abort')]).toEqual([0, []]);
    outer.abort('late');
    expect(limit.signal.aborted).toBe(false);
  });

  it('ends when the body is closed', async () => {
    const limit = new TimeLimit([never.signal], 100);
    const body = Readable.from(['a']);
    limit.endWith(body);
    expect(vi.getTimerCount()).toBe(1);
    await text(body);
    await vi.waitFor(() => expect(vi.getTimerCount()).toBe(0));
  });

  it('ends at once when the body is closed already', async () => {
    const body = Readable.from(['a']);
    await text(body);
    await vi.waitFor(() => expect(body.closed).toBe(true));
    new TimeLimit([never.signal], 100).endWith(body);
    expect(vi.getTimerCount()).toBe(0);
  });
});
