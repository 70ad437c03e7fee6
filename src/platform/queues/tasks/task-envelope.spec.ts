import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { InvalidInputError } from '../../../core/errors/index.js';
import { MalformedTaskError, TaskTooLargeError, UnsupportedTaskVersionError } from '../queues.errors.js';
import { defineTask, type TaskDefinition } from './task.js';
import { seal, unseal } from './task-envelope.js';

function taskOf<P>(schema: z.ZodType<P>, version = 2): TaskDefinition<P> {
  const backoff = { baseMs: 1, maxMs: 1 };
  return defineTask({
    name: 'spec.task',
    queue: 'default',
    version,
    schema,
    attempts: 1,
    backoff,
    deadlineMs: 1,
  });
}

const note = taskOf(z.object({ id: z.int(), tags: z.array(z.string()) }));
const anything = taskOf<unknown>(z.unknown());

/** What Redis does to a job's data. */
const throughRedis = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error('expected an error');
}

describe('an envelope', () => {
  it('gives back every JSON payload that was put in', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (payload) => {
        const sent = throughRedis(seal(anything, payload));
        expect(unseal(anything, sent).payload).toEqual(throughRedis(payload));
      }),
    );
  });

  it('tells when it was enqueued, and the version of its payload', () => {
    vi.useFakeTimers({ now: 1_700_000_000_000 });
    try {
      const envelope = seal(note, { id: 1, tags: [] });
      expect(envelope).toEqual({
        version: 2,
        payload: { id: 1, tags: [] },
        enqueuedAt: 1_700_000_000_000,
        headers: {},
      });
      expect(unseal(note, throughRedis(envelope)).enqueuedAt).toBe(1_700_000_000_000);
    } finally {
      vi.useRealTimers();
    }
  });

  it('lets a transform of the schema run once, at the worker', () => {
    const task = taskOf(
      z.object({ words: z.string().transform((text) => text.split(' ')) }),
    ) as TaskDefinition;
    const sent = throughRedis(seal(task, { words: 'a b' }));
    expect(unseal(task, sent).payload).toEqual({ words: ['a', 'b'] });
  });
});

describe('enqueueing', () => {
  it('refuses a payload that does not fit, naming the field', () => {
    const error = thrownBy(() => seal(note, { id: 1, tags: ['a', 7 as unknown as string] }));
    expect(error).toBeInstanceOf(InvalidInputError);
    expect((error as InvalidInputError).extensions.errors).toEqual([
      { field: 'tags.1', message: expect.stringContaining('got 7') as string },
    ]);
  });

  it('names the payload itself when it is no object at all', () => {
    const error = thrownBy(() => seal(note, undefined as never)) as InvalidInputError;
    expect(error.extensions.errors[0]?.field).toBe('payload of spec.task');
  });

  it('refuses what is larger than 256 KB as it goes over the wire, and nothing smaller', () => {
    const room = 256 * 1024 - '""'.length;
    expect(seal(anything, 'x'.repeat(room)).payload).toHaveLength(room);
    const error = thrownBy(() => seal(anything, 'x'.repeat(room + 1)));
    expect(error).toBeInstanceOf(TaskTooLargeError);
    expect(error).toMatchObject({
      retryable: false,
      message: expect.stringContaining('262145 bytes') as string,
    });
    // Bytes, not characters: this one has two each.
    expect(() => seal(anything, 'é'.repeat(room / 2 + 1))).toThrow(TaskTooLargeError);
  });
});

describe('a worker', () => {
  it('leaves a newer version to a newer worker', () => {
    const newer = { ...seal(note, { id: 1, tags: [] }), version: 3, payload: { somethingNew: true } };
    const error = thrownBy(() => unseal(note, newer));
    expect(error).toBeInstanceOf(UnsupportedTaskVersionError);
    expect(error).toMatchObject({ retryable: true });
  });

  it('takes an older version when its payload still fits', () => {
    const older = { ...seal(note, { id: 1, tags: [] }), version: 1 };
    expect(unseal(note, older).payload).toEqual({ id: 1, tags: [] });
  });

  it('gives up a payload that does not fit, naming the field', () => {
    const error = thrownBy(() => unseal(note, { version: 2, payload: { id: 1, tags: [1] }, enqueuedAt: 0 }));
    expect(error).toBeInstanceOf(MalformedTaskError);
    expect(error).toMatchObject({ retryable: false, message: expect.stringContaining('tags[0]') as string });
  });

  it('gives up whatever is no envelope, and throws nothing else', () => {
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fc.constant(undefined)), (data) => {
        expect(thrownBy(() => unseal(note, data))).toBeInstanceOf(MalformedTaskError);
      }),
    );
    for (const version of [0, 1.5, '2', null]) {
      expect(() => unseal(note, { version, payload: {}, enqueuedAt: 0 })).toThrow(MalformedTaskError);
    }
  });
});
