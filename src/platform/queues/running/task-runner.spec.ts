import { Logger } from '@nestjs/common';
import type { Job } from 'bull';
import { Counter, Histogram, Registry } from 'prom-client';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { loadConfig } from '../../../core/config/index.js';
import type { WorkUnits } from '../../../core/performance/index.js';
import { GleanerError } from '../../../core/errors/index.js';
import { TaskRevokedError, WorkerShutdownError } from '../queues.errors.js';
import { queuesConfig } from '../queues.config.js';
import type { TakenJob } from '../bull/take-jobs.js';
import { defineTask, type TaskContext, type TaskHandler } from '../tasks/task.js';
import { seal } from '../tasks/task-envelope.js';
import { type TaskEvent, TaskEvents } from '../tasks/task-events.js';
import { TaskMetrics } from '../tasks/task-metrics.js';
import type { TaskRegistry } from '../tasks/task-registry.js';
import { Attempt } from './attempt.js';
import type { CurrentLimits } from './current-limits.js';
import type { IsolatedChildren } from './isolated/isolated-children.js';
import { TaskRunner } from './task-runner.js';
import { TaskSettler } from './task-settler.js';

const DEADLINE_MS = 120_000;
const greet = defineTask({
  name: 'spec.greet',
  queue: 'default',
  version: 1,
  schema: z.object({ name: z.string() }),
  attempts: 3,
  backoff: { baseMs: 1, maxMs: 1 },
  deadlineMs: DEADLINE_MS,
});

class Lasting extends GleanerError {
  readonly code = 'spec.lasting';
  readonly title = 'Lasting';
}

/** Handles as the test says. */
let handle: TaskHandler<{ name: string }>['handle'];
const handler: TaskHandler = {
  handle: (payload, context) => {
    begin();
    return handle(payload as { name: string }, context);
  },
};
/** Resolves when the handler is called. */
let begun: Promise<void>;
let begin: () => void;
const registry = {
  get: (name: string) => (name === greet.name ? { definition: greet, handler } : undefined),
} as unknown as TaskRegistry;

let metrics: TaskMetrics;
let runner: TaskRunner;
let told: TaskEvent[];
let limits: { time?: { softMs: number } };
let extendLock: () => Promise<number>;
/** What Redis answers to how an attempt ended: 1, it was ours. */
let settled: number;

beforeAll(() => Logger.overrideLogger(false));
beforeEach(() => {
  vi.useFakeTimers();
  const prometheus = { registers: [new Registry()], labelNames: ['task', 'queue'], help: 'x' };
  const counter = (name: string): Counter => new Counter({ name, ...prometheus });
  const histogram = (name: string): Histogram => new Histogram({ name, ...prometheus });
  metrics = new TaskMetrics(
    counter('sent'),
    counter('started'),
    counter('succeeded'),
    counter('failed'),
    counter('retried'),
    counter('revoked'),
    counter('expired'),
    histogram('runtime'),
    histogram('wait'),
  );
  const config = loadConfig({}, [queuesConfig]).get(queuesConfig);
  const units = { run: (_kind: string, _name: string, work: () => unknown) => work() } as WorkUnits;
  const events = new TaskEvents();
  told = [];
  events.subscribe({ told: (event) => told.push(event) });
  limits = {};
  runner = new TaskRunner(
    registry,
    { time: () => limits.time, postpone: async () => undefined } as unknown as CurrentLimits,
    {} as IsolatedChildren,
    new TaskSettler(registry, metrics, events),
    metrics,
    events,
    units,
    config,
  );
  extendLock = async () => 1;
  settled = 1;
  begun = new Promise((resolve) => (begin = resolve));
  handle = async ({ name }) => `hello ${name}`;
});
afterEach(() => {
  // Neither the deadline nor the renewal of the lock may outlive the attempt.
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

interface Given {
  attemptsMade?: number;
  name?: string;
  data?: unknown;
  revoked?: boolean;
  start?: number;
  opts?: object;
}

function attemptOf({
  attemptsMade = 0,
  name = greet.name,
  data,
  revoked = false,
  start,
  opts,
}: Given = {}): Attempt {
  const client = { gleanerSettle: async () => settled, gleanerExtendLock: () => extendLock() };
  const queue = { toKey: (key: string) => key, token: 'ours', client };
  const job = {
    id: 'greet-1',
    name,
    data: data ?? seal(greet, { name: 'Ada' }),
    attemptsMade,
    opts: opts ?? { attempts: 3 },
    queue,
  } as unknown as Job;
  const taken: TakenJob = { job, start: start ?? attemptsMade + 1, revoked, hash: {} };
  return new Attempt('default', taken, false);
}

/** The last that is told of an attempt. */
async function ended(attempt = attemptOf()): Promise<TaskEvent> {
  const outcome = await runner.run(attempt);
  const last = told.at(-1) as TaskEvent;
  expect(last.type).toBe(outcome);
  return last;
}

const failing = (name: string) => ({ failure: { class: name } });

/** Like a fetch: ends with an error of its own, not with the reason, when the signal aborts. */
function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('This operation was aborted')), { once: true });
  });
}

async function counts(): Promise<Record<string, number>> {
  const result: Record<string, number> = {};
  for (const name of ['started', 'succeeded', 'failed', 'retried', 'revoked', 'expired'] as const) {
    for (const { labels, value } of (await metrics[name].get()).values)
      result[`${name} ${labels['task']}`] = value;
  }
  return result;
}

describe('an attempt', () => {
  it('gives the handler payload, id, numbers and signal, and keeps what it returned', async () => {
    const seen: { payload: unknown; context: TaskContext }[] = [];
    handle = async (payload, context) => seen.push({ payload, context });
    expect(await ended(attemptOf({ attemptsMade: 1, start: 4 }))).toMatchObject({
      type: 'succeeded',
      result: 1,
      attempt: 2,
      start: 4,
    });
    expect(seen[0]).toMatchObject({
      payload: { name: 'Ada' },
      context: { taskId: 'greet-1', attempt: 2, start: 4 },
    });
    expect(seen[0]?.context.signal.aborted).toBe(false);
    expect(told.map(({ type }) => type)).toEqual(['started', 'succeeded']);
    expect(await counts()).toEqual({ 'started spec.greet': 1, 'succeeded spec.greet': 1 });
  });

  it('measures how long the task waited, the first time only', async () => {
    const data = seal(greet, { name: 'Ada' });
    vi.setSystemTime(Date.now() + 7000);
    await ended(attemptOf({ data }));
    const sum = async (): Promise<number | undefined> =>
      (await metrics.wait.get()).values.find(({ metricName }) => metricName === 'wait_sum')?.value;
    expect(await sum()).toBe(7);
    await ended(attemptOf({ data, attemptsMade: 1 }));
    await ended(attemptOf({ data, start: 2 }));
    expect(await sum()).toBe(7);
  });

  it('that fails is counted as retried while others follow, and as failed after the last', async () => {
    handle = () => Promise.reject(new Error('down'));
    expect(await ended()).toMatchObject({ type: 'retry', failure: { class: 'Error', message: 'down' } });
    expect(await ended(attemptOf({ attemptsMade: 1 }))).toMatchObject({ type: 'retry' });
    expect(await counts()).toEqual({ 'started spec.greet': 2, 'retried spec.greet': 2 });
    expect(await ended(attemptOf({ attemptsMade: 2 }))).toMatchObject({ type: 'failed' });
    expect(await counts()).toMatchObject({ 'retried spec.greet': 2, 'failed spec.greet': 1 });
  });

  it('that fails with an error that cannot pass is the last', async () => {
    handle = () => Promise.reject(new Lasting('x'));
    expect(await ended()).toMatchObject({
      type: 'failed',
      failure: { class: 'Lasting', code: 'spec.lasting' },
    });
    expect(await counts()).toEqual({ 'started spec.greet': 1, 'failed spec.greet': 1 });
  });

  it('of an unknown task fails, and its name becomes no label', async () => {
    expect(await ended(attemptOf({ name: 'made.up' }))).toMatchObject({
      type: 'retry',
      ...failing('UnknownTaskError'),
    });
    expect(await counts()).toEqual({ 'started unknown': 1, 'retried unknown': 1 });
  });

  it('with a broken payload never reaches the handler', async () => {
    const seen: unknown[] = [];
    handle = async (payload) => seen.push(payload);
    const data = { version: 1, payload: {}, enqueuedAt: 0 };
    expect(await ended(attemptOf({ data }))).toMatchObject({
      type: 'failed',
      ...failing('MalformedTaskError'),
    });
    expect(seen).toEqual([]);
  });

  it("whose task is another worker's by now is lost, and counts as nothing else", async () => {
    settled = 0;
    expect(await ended()).toMatchObject({ type: 'lost' });
    expect(await counts()).toEqual({ 'started spec.greet': 1 });
  });
});

describe('a task that is not begun', () => {
  it('came in the moment in which the worker ends, and goes back', async () => {
    const attempt = attemptOf();
    attempt.abort(new WorkerShutdownError());
    expect(await ended(attempt)).toMatchObject({ type: 'returned' });
    expect(await counts()).toEqual({});
  });

  it('was revoked before its turn came', async () => {
    const seen: unknown[] = [];
    handle = async (payload) => seen.push(payload);
    expect(await ended(attemptOf({ revoked: true }))).toMatchObject({ type: 'withdrawn' });
    expect(seen).toEqual([]);
    expect(await counts()).toEqual({ 'revoked spec.greet': 1 });
  });

  it.each([
    [-1, 'expired'],
    [1000, 'succeeded'],
  ])('may be begun for %i ms still: %s', async (left, type) => {
    const data = seal(greet, { name: 'Ada' }, { expiresAt: Date.now() + left });
    expect(await ended(attemptOf({ data }))).toMatchObject({ type });
  });
});

describe('an attempt that is cut off', () => {
  it('by its deadline fails with that, whatever the handler throws', async () => {
    const started = Date.now();
    let abortedAfter: number | undefined;
    handle = async (_, { signal }) => {
      signal.addEventListener('abort', () => (abortedAfter = Date.now() - started));
      await untilAborted(signal);
    };
    const outcome = ended();
    await vi.advanceTimersByTimeAsync(DEADLINE_MS - 1);
    expect(abortedAfter).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1);
    expect(await outcome).toMatchObject({ type: 'retry', ...failing('TaskDeadlineError') });
    expect(abortedAfter).toBe(DEADLINE_MS);
    expect(await counts()).toEqual({ 'started spec.greet': 1, 'retried spec.greet': 1 });
  });

  it('by its deadline fails also when the handler takes no notice and returns', async () => {
    handle = () => new Promise((resolve) => void setTimeout(() => resolve('late'), DEADLINE_MS + 5000));
    const outcome = ended();
    await vi.advanceTimersByTimeAsync(DEADLINE_MS + 5000);
    expect(await outcome).toMatchObject({ type: 'retry', ...failing('TaskDeadlineError') });
  });

  it('by a deadline that an operator has set', async () => {
    limits.time = { softMs: 50 };
    handle = (_, { signal }) => untilAborted(signal);
    const outcome = ended();
    await vi.advanceTimersByTimeAsync(50);
    expect(await outcome).toMatchObject({ type: 'retry', ...failing('TaskDeadlineError') });
  });

  it('by the loss of its lock is lost, even at the last attempt', async () => {
    extendLock = async () => 0;
    handle = (_, { signal }) => untilAborted(signal);
    const outcome = ended(attemptOf({ attemptsMade: 2 }));
    await vi.advanceTimersByTimeAsync(15_000);
    expect(await outcome).toMatchObject({ type: 'lost' });
    expect(await counts()).toEqual({ 'started spec.greet': 1 });
  });

  it('because the worker ends goes back, and has not failed', async () => {
    handle = async (_, { signal }) => untilAborted(signal);
    const attempt = attemptOf({ attemptsMade: 2 });
    const outcome = ended(attempt);
    await begun;
    attempt.abort(new WorkerShutdownError());
    expect(await outcome).toMatchObject({ type: 'returned' });
    expect(await counts()).toEqual({ 'started spec.greet': 1 });
  });

  it('because the worker ends, but is done before it does, has succeeded', async () => {
    let done: (() => void) | undefined;
    handle = () => new Promise((resolve) => (done = () => resolve('done')));
    const attempt = attemptOf();
    const outcome = ended(attempt);
    await begun;
    attempt.abort(new WorkerShutdownError());
    done?.();
    expect(await outcome).toMatchObject({ type: 'succeeded', result: 'done' });
  });

  it('by an operator is revoked, whatever its handler makes of it', async () => {
    handle = async (_, { signal }) => untilAborted(signal).catch(() => 'done nevertheless');
    const attempt = attemptOf();
    const outcome = ended(attempt);
    await begun;
    attempt.abort(new TaskRevokedError('greet-1'));
    expect(await outcome).toMatchObject({ type: 'revoked' });
    expect(await counts()).toEqual({ 'started spec.greet': 1, 'revoked spec.greet': 1 });
  });
});

describe('what a handler tells', () => {
  it('of its progress comes once a second, and when it is complete', async () => {
    handle = async (_, context) => {
      for (let done = 1; done <= 10; done++) {
        context.progress(done, 10, 'pages');
        await new Promise((resolve) => void setTimeout(resolve, 300));
      }
    };
    const outcome = ended();
    await vi.advanceTimersByTimeAsync(3000);
    await outcome;
    const seen = told.flatMap((event) => (event.type === 'progress' ? [event.progress.done] : []));
    expect(seen).toEqual([1, 5, 9, 10]);
  });

  it('is cut to a thousand lines', async () => {
    handle = async (_, context) => {
      for (let line = 0; line < 1500; line++) context.log(`line ${line}`, { line });
    };
    await ended();
    const lines = told.filter(({ type }) => type === 'log');
    expect(lines).toHaveLength(1000);
    expect(lines[7]).toMatchObject({ message: 'line 7', fields: { line: 7 } });
  });

  it('as a sign of life throws once it is aborted', async () => {
    handle = async (_, context) => {
      context.heartbeat();
      await untilAborted(context.signal).catch(() => undefined);
      context.heartbeat();
    };
    const attempt = attemptOf();
    const outcome = ended(attempt);
    await begun;
    vi.setSystemTime(Date.now() + 5000);
    attempt.abort(new TaskRevokedError('greet-1'));
    expect(await outcome).toMatchObject({ type: 'revoked' });
    expect(attempt.aliveAt - attempt.takenAt).toBe(5000);
  });
});

describe('whether an error is final', () => {
  const passing = new Error('down');
  const lasting = new Lasting('x');
  type Cut = 'nothing' | 'stop' | 'deadline' | 'lock';

  it.each<[attemptsMade: number, cut: Cut, error: Error, final: boolean]>([
    [0, 'nothing', passing, false],
    [1, 'nothing', passing, false],
    [2, 'nothing', passing, true],
    [0, 'nothing', lasting, true],
    [2, 'nothing', lasting, true],
    [0, 'stop', passing, false],
    [2, 'stop', passing, false],
    [2, 'stop', lasting, false],
    [0, 'deadline', passing, false],
    [0, 'deadline', lasting, false],
    [2, 'deadline', passing, true],
    [0, 'lock', lasting, false],
    [2, 'lock', passing, false],
    [2, 'lock', lasting, false],
  ])('after %i attempts, cut off by %s, for %s: %s', async (attemptsMade, cut, error, final) => {
    let answer: boolean | undefined;
    if (cut === 'lock') extendLock = async () => 0;
    handle = async (_, context) => {
      if (cut !== 'nothing') await untilAborted(context.signal).catch(() => undefined);
      answer = context.isFinal(error);
      throw error;
    };
    const attempt = attemptOf({ attemptsMade });
    const outcome = ended(attempt);
    await begun;
    if (cut === 'stop') attempt.abort(new WorkerShutdownError());
    await vi.advanceTimersByTimeAsync(DEADLINE_MS);
    await outcome;
    expect(answer).toBe(final);
  });

  it('is known also for a job that says nothing of attempts: there is only one', async () => {
    let answer: boolean | undefined;
    handle = async (_, context) => (answer = context.isFinal(passing));
    await ended(attemptOf({ opts: {} }));
    expect(answer).toBe(true);
  });
});
