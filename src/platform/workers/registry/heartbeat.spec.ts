import 'reflect-metadata';
import { Logger } from '@nestjs/common';
import { Counter, Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ControllableWorker } from '../../queues/index.js';
import { HeartbeatMetrics } from '../workers.metrics.js';
import { Heartbeat } from './heartbeat.js';
import type { ProcessVitals } from './process-vitals.js';
import type { WorkerReport } from './worker-report.js';
import type { WorkerStore } from './worker-store.js';

let beats: { at: number; ends: boolean }[];
let store: () => Promise<void>;
let errors: Counter;
let heartbeat: Heartbeat;

beforeEach(() => {
  Logger.overrideLogger(false);
  vi.useFakeTimers();
  vi.setSystemTime(0);
  beats = [];
  store = async () => undefined;
  errors = new Counter({ name: 'errors', help: 'errors', registers: [new Registry()] });
  heartbeat = new Heartbeat(
    {
      beat: (_id: string, _facts: unknown, { ends = false } = {}) => {
        beats.push({ at: Date.now(), ends });
        return store();
      },
    } as unknown as WorkerStore,
    { id: 'w' } as ControllableWorker,
    { facts: () => ({}) } as WorkerReport,
    { renew: () => undefined } as ProcessVitals,
    new HeartbeatMetrics(errors),
  );
  heartbeat.onApplicationBootstrap();
});

afterEach(async () => {
  await heartbeat.onApplicationShutdown();
  vi.useRealTimers();
});

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const times = () => beats.map(({ at }) => at);

describe('heartbeats', () => {
  it('come at once and every three seconds', async () => {
    await pass(9000);
    expect(times()).toEqual([0, 3000, 6000, 9000]);
  });

  it('go on after Redis has refused some, each of which is counted', async () => {
    await pass(0);
    store = async () => {
      throw new Error('away');
    };
    await pass(6000);
    store = async () => undefined;
    await pass(3000);
    expect(times()).toEqual([0, 3000, 6000, 9000]);
    expect((await errors.get()).values).toMatchObject([{ value: 2 }]);
  });

  it('do not pile up while Redis says nothing', async () => {
    await pass(0);
    const answer = Promise.withResolvers<void>();
    store = () => answer.promise;
    await pass(60_000);
    heartbeat.beatSoon();
    await pass(60_000);
    expect(times()).toEqual([0, 3000]);
    answer.resolve();
    await pass(3000);
    expect(times()).toEqual([0, 3000, 123_000]);
  });

  it('come at once when something has changed, and three seconds after that', async () => {
    await pass(1000);
    heartbeat.beatSoon();
    await pass(3000);
    expect(times()).toEqual([0, 1000, 4000]);
  });

  it('end with one that says so', async () => {
    await pass(1000);
    await heartbeat.onApplicationShutdown();
    heartbeat.beatSoon();
    await pass(60_000);
    expect(beats).toEqual([
      { at: 0, ends: false },
      { at: 1000, ends: true },
    ]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('end also when one is under way', async () => {
    await pass(0);
    const answer = Promise.withResolvers<void>();
    store = () => answer.promise;
    await pass(3000);
    const ended = heartbeat.onApplicationShutdown();
    answer.resolve();
    await ended;
    await pass(60_000);
    expect(beats.map(({ ends }) => ends)).toEqual([false, false, true]);
  });
});
