import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TaskEvent, TaskFacts } from '../../queues/index.js';
import { TaskBuffer } from './task-buffer.js';

const ALL = { tasks: 1e9, bytes: 1e9 };
const bounds = { tasks: 10, bytes: 100_000 };

function facts(id: string, payload: unknown = { id }): TaskFacts {
  return {
    id,
    name: 'spec.task',
    queue: 'default',
    envelope: { version: 1, payload, enqueuedAt: 1, headers: {} },
    maxAttempts: 1,
    critical: false,
  };
}
const sent = (id: string, payload?: unknown): TaskEvent => ({
  type: 'sent',
  at: 1,
  task: facts(id, payload),
});
const of = (id: string) => ({ at: 1, task: facts(id), workerId: 'w', start: 1, attempt: 1 });
const started = (id: string): TaskEvent => ({ type: 'started', ...of(id) });
const log = (id: string, message: string): TaskEvent => ({ type: 'log', message, ...of(id) });

function filled(count: number, buffer = new TaskBuffer(bounds)): TaskBuffer {
  for (let n = 0; n < count; n++) buffer.add(sent(`t${n}`));
  return buffer;
}

describe('what waits to be written', () => {
  it('is one change a task, however much happens to it', () => {
    const buffer = new TaskBuffer(bounds);
    buffer.add(sent('a'));
    buffer.add(sent('b'));
    buffer.add(started('a'));
    buffer.add({ type: 'succeeded', result: 1, runtimeMs: 1, ...of('a') });
    expect(buffer.take(ALL).map(({ id, state }) => [id, state])).toEqual([
      ['a', 'succeeded'],
      ['b', 'pending'],
    ]);
    expect(buffer.tasks).toBe(0);
  });

  it('is taken in parts, the oldest first', () => {
    const buffer = filled(5);
    expect(buffer.take({ tasks: 2, bytes: 1e9 }).map(({ id }) => id)).toEqual(['t0', 't1']);
    buffer.add(started('t0'));
    expect(buffer.take({ tasks: 9, bytes: 1e9 }).map(({ id }) => id)).toEqual(['t2', 't3', 't4', 't0']);
  });

  it('is taken in parts of bounded size, at least one at a time', () => {
    const buffer = new TaskBuffer(ALL);
    for (const id of ['a', 'b', 'c']) buffer.add(sent(id, 'x'.repeat(50_000)));
    expect(buffer.take({ tasks: 9, bytes: 120_000 })).toHaveLength(2);
    expect(buffer.take({ tasks: 9, bytes: 1 })).toHaveLength(1);
  });

  it('keeps the payload only where what people may see does not say all of it', () => {
    const buffer = new TaskBuffer(bounds);
    buffer.add(sent('a', { source: 'quotes' }));
    buffer.add(sent('b', { password: 'x' }));
    expect(buffer.take(ALL).map(({ task }) => [task?.args, task?.payload])).toEqual([
      ['{"source":"quotes"}', undefined],
      ['{"password":"[redacted]"}', '{"password":"x"}'],
    ]);
  });

  it('counts what it holds: nothing is left when all of it was taken', () => {
    const events = fc.array(
      fc.oneof(
        fc.constantFrom('a', 'b', 'c').map((id) => sent(id)),
        fc.constantFrom('a', 'b', 'c').map(started),
        fc.tuple(fc.constantFrom('a', 'b'), fc.string()).map(([id, message]) => log(id, message)),
        fc.constantFrom('a', 'd').map((id): TaskEvent => ({ type: 'withdrawn', at: 2, task: { id } })),
        fc
          .constantFrom('a', 'b')
          .map((id): TaskEvent => ({ type: 'succeeded', result: 'x', runtimeMs: 1, ...of(id) })),
      ),
    );
    fc.assert(
      fc.property(events, fc.integer({ min: 1, max: 3 }), (told, tasks) => {
        const buffer = new TaskBuffer(ALL);
        for (const event of told) buffer.add(event);
        while (buffer.tasks > 0) buffer.take({ tasks, bytes: 1e9 });
        expect(buffer.bytes).toBe(0);
      }),
    );
  });
});

describe('a buffer that is not emptied', () => {
  it('says so when it is half full', () => {
    expect(filled(5).isHalfFull).toBe(false);
    expect(filled(6).isHalfFull).toBe(true);
    const large = new TaskBuffer(bounds);
    large.add(sent('a', 'x'.repeat(60_000)));
    expect(large.isHalfFull).toBe(true);
  });

  it('drops the oldest of the tasks that were only sent, and says that it did', () => {
    const buffer = filled(10);
    expect(buffer.add(sent('new'))).toBe('sent');
    expect(buffer.tasks).toBe(10);
    const ids = buffer.take(ALL).map(({ id }) => id);
    expect(ids).not.toContain('t0');
    expect(ids).toContain('new');
  });

  it('keeps what a worker does, whatever it takes, and drops lines of logs', () => {
    const buffer = new TaskBuffer(bounds);
    for (let n = 0; n < 20; n++) expect(buffer.add(started(`t${n}`))).toBeUndefined();
    expect(buffer.add(log('t1', 'x'))).toBe('log');
    expect(buffer.add(sent('new'))).toBe('sent');
    expect(buffer.tasks).toBe(20);
  });
});
