import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TaskEvent, TaskFacts } from '../../queues/index.js';
import { applyEvent } from './apply-event.js';
import { OUT_OF_TURN } from './seq.js';
import { newChange, type TaskChange } from './task-change.js';

const NOW = 1_700_000_000_000;
const task: TaskFacts = {
  id: 'a',
  name: 'spec.task',
  queue: 'default',
  envelope: { version: 1, payload: {}, enqueuedAt: NOW, headers: {} },
  maxAttempts: 3,
  critical: false,
};
const failure = { class: 'E', message: 'down' };

function event(type: TaskEvent['type'], start = 1, more: object = {}): TaskEvent {
  return {
    type,
    task,
    at: NOW + start,
    workerId: `w${start}`,
    start,
    attempt: start,
    runtimeMs: 5,
    failure,
    retryAt: NOW + 9,
    ...more,
  } as TaskEvent;
}

function after(...events: TaskEvent[]): TaskChange {
  const change = newChange('a');
  for (const each of events) applyEvent(change, each);
  return change;
}

describe('what is known of a task', () => {
  it('is the state of the latest event', () => {
    expect(after(event('sent'))).toMatchObject({ state: 'pending', seq: 0 });
    expect(after(event('sent'), event('received'))).toMatchObject({ state: 'received', worker: 'w1' });
    expect(after(event('started'))).toMatchObject({ state: 'active', startedAt: NOW + 1, starts: 1 });
    expect(after(event('retry'))).toMatchObject({
      state: 'retry',
      eta: NOW + 9,
      failure: { errorClass: 'E' },
    });
    expect(after(event('retry'), event('started', 2))).toMatchObject({ state: 'active', attempt: 2 });
    expect(after(event('started'), event('returned'))).toMatchObject({ state: 'pending' });
    expect(after(event('received'), event('postponed', 1, { until: NOW + 7 }))).toMatchObject({
      state: 'scheduled',
      eta: NOW + 7,
    });
    expect(after(event('succeeded', 1, { result: { n: 1 } }))).toMatchObject({
      state: 'succeeded',
      result: '{"n":1}',
      runtimeMs: 5,
      startedAt: NOW - 4,
      finishedAt: NOW + 1,
    });
    expect(after(event('failed'))).toMatchObject({ state: 'failed', failure: { errorMessage: 'down' } });
    expect(after(event('expired'))).toMatchObject({ state: 'expired', seq: OUT_OF_TURN });
  });

  it('tells a task that waits for its time from one that waits for a worker', () => {
    const sent = (eta: number): TaskEvent =>
      event('sent', 1, {
        at: NOW,
        task: { ...task, envelope: { ...task.envelope, headers: { eta } } },
      });
    expect(after(sent(NOW + 60_000))).toMatchObject({ state: 'scheduled', eta: NOW + 60_000 });
    expect(after(sent(NOW - 1))).toMatchObject({ state: 'pending', eta: NOW - 1 });
  });

  it('is the same in whatever order it is told, and however often', () => {
    const life = [
      event('sent'),
      event('received'),
      event('started'),
      event('retry'),
      event('received', 2),
      event('started', 2),
      event('lost', 2),
      event('received', 3),
      event('started', 3),
      event('succeeded', 3, { result: 'done' }),
    ];
    const expected = after(...life);
    const essence = ({ state, seq, attempt, starts, worker, finishedAt, result, attempts }: TaskChange) => ({
      state,
      seq,
      attempt,
      starts,
      worker,
      finishedAt,
      result,
      outcomes: [...attempts.values()].map(({ start, outcome }) => `${start} ${outcome}`).sort(),
    });
    expect(essence(expected)).toMatchObject({
      state: 'succeeded',
      outcomes: ['1 retry', '2 lost', '3 succeeded'],
    });
    const told = fc.shuffledSubarray([...life, ...life], { minLength: 0 }).map((some) => [...some, ...life]);
    const shuffled = told.chain((events) => fc.shuffledSubarray(events, { minLength: events.length }));
    fc.assert(
      fc.property(shuffled, (events) => {
        expect(essence(after(...events))).toEqual(essence(expected));
      }),
    );
  });

  it('does not go back from its end when it is withdrawn or expires as well', () => {
    expect(after(event('succeeded'), event('withdrawn'))).toMatchObject({ state: 'succeeded' });
    expect(after(event('sent'), event('withdrawn'), event('received'))).toMatchObject({ state: 'revoked' });
  });

  it('has the last progress of the attempt that runs, and all lines of its log', () => {
    const change = after(
      event('started'),
      event('progress', 1, { progress: { done: 1, total: 3 } }),
      event('log', 1, { message: 'one', fields: { password: 'x' } }),
      event('progress', 1, { progress: { done: 2, total: 3, message: 'pages' } }),
      event('log', 1, { message: 'two' }),
    );
    expect(change.progress).toBe('{"done":2,"total":3,"message":"pages"}');
    expect(change.logs.map(({ message, fields }) => [message, fields])).toEqual([
      ['one', '{"password":"[redacted]"}'],
      ['two', undefined],
    ]);
    expect(
      after(event('started', 2), event('progress', 1, { progress: { done: 9 } })).progress,
    ).toBeUndefined();
  });

  it('has no attempt where none was begun', () => {
    expect(after(event('received'), event('postponed')).attempts.size).toBe(0);
    expect(after(event('expired')).attempts.size).toBe(0);
  });
});
