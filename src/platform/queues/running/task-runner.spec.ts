import { Logger } from '@nestjs/common';
import type { Job } from 'bull';
import { PinoLogger } from 'nestjs-pino';
import { Counter, Histogram, Registry } from 'prom-client';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { loadConfig } from '../../../core/config/index.js';
import type { WorkUnits } from '../../../core/database/index.js';
import { GleanerError } from '../../../core/errors/index.js';
import {
  MalformedTaskError,
  TaskDeadlineError,
  TaskLockLostError,
  UnknownTaskError,
  WorkerShutdownError,
} from '../queues.errors.js';
import { queuesConfig } from '../queues.config.js';
import { defineTask, type TaskContext, type TaskHandler } from '../tasks/task.js';
import { seal } from '../tasks/task-envelope.js';
import { TaskMetrics } from '../tasks/task-metrics.js';
import type { TaskRegistry } from '../tasks/task-registry.js';
import { TaskRunner } from './task-runner.js';

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
const handler: TaskHandler = { handle: (payload, context) => handle(payload as { name: string }, context) };
const registry = {
  get: (name: string) => (name === greet.name ? { definition: greet, handler } : undefined),
} as unknown as TaskRegistry;

let metrics: TaskMetrics;
let runner: TaskRunner;
let stop: AbortController;
let extendLock: () => Promise<number>;

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
    histogram('runtime'),
    histogram('wait'),
  );
  const config = loadConfig({}, [queuesConfig]).get(queuesConfig);
  const units = { run: (_kind: string, _name: string, work: () => unknown) => work() } as WorkUnits;
  runner = new TaskRunner(
    registry,
    metrics,
    new PinoLogger({ pinoHttp: { level: 'silent' } }),
    units,
    config,
  );
  stop = new AbortController();
  extendLock = async () => 1;
  handle = async ({ name }) => `hello ${name}`;
});
afterEach(() => {
  // Neither the deadline nor the renewal of the lock may outlive the attempt.
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

function jobOf(attemptsMade = 0, name = greet.name, data: unknown = seal(greet, { name: 'Ada' })): Job {
  const lock = { extendLock: () => extendLock() };
  return { id: 'greet-1', name, data, attemptsMade, opts: { attempts: 3 }, ...lock } as unknown as Job;
}

const run = (job = jobOf()): Promise<unknown> => runner.run('default', job, stop.signal);

/** What the attempt fails with. Begins to wait at once, so that a failure under fake timers is never unhandled. */
const failureOf = (attempt: Promise<unknown>): Promise<unknown> =>
  attempt.then(
    () => 'did not fail',
    (error: unknown) => error,
  );

/** Like a fetch: ends with an error of its own, not with the reason, when the signal aborts. */
function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('This operation was aborted')), { once: true });
  });
}

async function counts(): Promise<Record<string, number>> {
  const result: Record<string, number> = {};
  for (const name of ['started', 'succeeded', 'failed', 'retried'] as const) {
    for (const { labels, value } of (await metrics[name].get()).values)
      result[`${name} ${labels['task']}`] = value;
  }
  return result;
}

describe('an attempt', () => {
  it('gives the handler payload, id, number and signal, and returns what it returned', async () => {
    const seen: { payload: unknown; context: TaskContext }[] = [];
    handle = async (payload, context) => seen.push({ payload, context });
    await expect(run(jobOf(1))).resolves.toBe(1);
    expect(seen[0]).toMatchObject({ payload: { name: 'Ada' }, context: { taskId: 'greet-1', attempt: 2 } });
    expect(seen[0]?.context.signal.aborted).toBe(false);
    expect(await counts()).toEqual({ 'started spec.greet': 1, 'succeeded spec.greet': 1 });
  });

  it('measures how long the task waited, at its first attempt only', async () => {
    const job = jobOf();
    vi.setSystemTime(Date.now() + 7000);
    await run(job);
    const sum = async (): Promise<number | undefined> =>
      (await metrics.wait.get()).values.find(({ metricName }) => metricName === 'wait_sum')?.value;
    expect(await sum()).toBe(7);
    await run({ ...job, attemptsMade: 1 } as Job);
    expect(await sum()).toBe(7);
  });

  it('that fails is counted as retried while others follow, and as failed after the last', async () => {
    const error = new Error('down');
    handle = () => Promise.reject(error);
    await expect(run(jobOf(0))).rejects.toBe(error);
    await expect(run(jobOf(1))).rejects.toBe(error);
    expect(await counts()).toEqual({ 'started spec.greet': 2, 'retried spec.greet': 2 });
    await expect(run(jobOf(2))).rejects.toBe(error);
    expect(await counts()).toMatchObject({ 'retried spec.greet': 2, 'failed spec.greet': 1 });
  });

  it('that fails with an error that cannot pass is the last', async () => {
    handle = () => Promise.reject(new Lasting('x'));
    await expect(run()).rejects.toThrow(Lasting);
    expect(await counts()).toEqual({ 'started spec.greet': 1, 'failed spec.greet': 1 });
  });

  it('of an unknown task fails, and its name becomes no label', async () => {
    await expect(run(jobOf(0, 'made.up'))).rejects.toThrow(UnknownTaskError);
    expect(await counts()).toEqual({ 'started unknown': 1, 'retried unknown': 1 });
  });

  it('with a broken payload never reaches the handler', async () => {
    const seen: unknown[] = [];
    handle = async (payload) => seen.push(payload);
    await expect(run(jobOf(0, greet.name, { version: 1, payload: {}, enqueuedAt: 0 }))).rejects.toThrow(
      MalformedTaskError,
    );
    expect(seen).toEqual([]);
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
    const outcome = failureOf(run());
    await vi.advanceTimersByTimeAsync(DEADLINE_MS - 1);
    expect(abortedAfter).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1);
    expect(await outcome).toBeInstanceOf(TaskDeadlineError);
    expect(abortedAfter).toBe(DEADLINE_MS);
    expect(await counts()).toEqual({ 'started spec.greet': 1, 'retried spec.greet': 1 });
  });

  it('by its deadline fails also when the handler takes no notice and returns', async () => {
    handle = () => new Promise((resolve) => void setTimeout(() => resolve('late'), DEADLINE_MS + 5000));
    const outcome = failureOf(run());
    await vi.advanceTimersByTimeAsync(DEADLINE_MS + 5000);
    expect(await outcome).toBeInstanceOf(TaskDeadlineError);
  });

  it('by the loss of its lock fails with that, and counts as retried even at the last attempt', async () => {
    extendLock = async () => 0;
    handle = (_, { signal }) => untilAborted(signal);
    const outcome = failureOf(run(jobOf(2)));
    await vi.advanceTimersByTimeAsync(15_000);
    expect(await outcome).toBeInstanceOf(TaskLockLostError);
    expect(await counts()).toEqual({ 'started spec.greet': 1, 'retried spec.greet': 1 });
  });

  it('from outside is no failure of the task', async () => {
    handle = async (_, { signal }) => {
      await untilAborted(signal).catch(() => undefined);
      throw signal.reason;
    };
    const outcome = failureOf(run(jobOf(2)));
    stop.abort(new WorkerShutdownError());
    expect(await outcome).toBeInstanceOf(WorkerShutdownError);
    expect(await counts()).toEqual({ 'started spec.greet': 1 });
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
    const outcome = failureOf(run(jobOf(attemptsMade)));
    if (cut === 'stop') stop.abort(new WorkerShutdownError());
    await vi.advanceTimersByTimeAsync(DEADLINE_MS);
    expect(await outcome).toBeInstanceOf(Error);
    expect(answer).toBe(final);
  });

  it('is known also for a job that says nothing of attempts: there is only one', async () => {
    let answer: boolean | undefined;
    handle = async (_, context) => (answer = context.isFinal(passing));
    await run({ ...jobOf(), opts: {} } as Job);
    expect(answer).toBe(true);
  });
});
