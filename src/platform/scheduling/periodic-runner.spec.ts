import 'reflect-metadata';
import { Global, type INestApplicationContext, Injectable, Logger, Module } from '@nestjs/common';
import { DiscoveryModule, NestFactory } from '@nestjs/core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WorkUnits } from '../../core/performance/index.js';
import { PeriodicRunner } from './periodic-runner.js';
import { Periodic, type PeriodicWork } from './periodic.js';

const EVERY_MS = 10_000;

/** Work that the test ends by hand, once it has begun. */
@Injectable()
@Periodic({ name: 'spec-work', everyMs: EVERY_MS })
class Work implements PeriodicWork {
  readonly begun: number[] = [];
  private end = Promise.withResolvers<void>();

  runOnce(): Promise<void> {
    this.begun.push(Date.now());
    this.end = Promise.withResolvers<void>();
    return this.end.promise;
  }

  async finish(): Promise<void> {
    this.end.resolve();
    await vi.advanceTimersByTimeAsync(0);
  }

  async fail(): Promise<void> {
    this.end.reject(new Error('down'));
    await vi.advanceTimersByTimeAsync(0);
  }
}

@Injectable()
@Periodic({ name: 'spec-throwing', everyMs: EVERY_MS })
class Throwing implements PeriodicWork {
  times = 0;

  runOnce(): Promise<void> {
    this.times++;
    throw new Error('thrown, not rejected');
  }
}

const units = { run: (_kind: string, _name: string, work: () => unknown) => work() };

/** There is no database here whose queries could be counted. */
@Global()
@Module({ providers: [{ provide: WorkUnits, useValue: units }], exports: [WorkUnits] })
class Uncounted {}

@Module({ imports: [Uncounted, DiscoveryModule], providers: [PeriodicRunner, Work, Throwing] })
class Root {}

let scheduler: INestApplicationContext;
let work: Work;
let closed: boolean;

beforeEach(async () => {
  Logger.overrideLogger(false);
  vi.useFakeTimers();
  scheduler = await NestFactory.createApplicationContext(Root, { logger: false, abortOnError: false });
  work = scheduler.get(Work);
  closed = false;
});
afterEach(async () => {
  await work.finish();
  await scheduler.close();
  vi.useRealTimers();
});

/** What SIGTERM does; returns before the scheduler has closed. */
async function beginShutdown(): Promise<void> {
  void scheduler.close().then(() => (closed = true));
  await vi.advanceTimersByTimeAsync(0);
}

describe('periodic work', () => {
  it('runs at once when the scheduler starts', () => {
    expect(work.begun).toHaveLength(1);
  });

  it('runs again its interval after it has ended, however long it took', async () => {
    await vi.advanceTimersByTimeAsync(10 * EVERY_MS);
    expect(work.begun).toHaveLength(1);
    await work.finish();
    const ended = Date.now();
    await vi.advanceTimersByTimeAsync(EVERY_MS - 1);
    expect(work.begun).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(work.begun.slice(1)).toEqual([ended + EVERY_MS]);
  });

  it('goes on after failing, and does not hold up other work', async () => {
    await work.fail();
    await vi.advanceTimersByTimeAsync(EVERY_MS);
    expect(work.begun).toHaveLength(2);
    expect(scheduler.get(Throwing).times).toBe(2);
    await vi.advanceTimersByTimeAsync(10 * EVERY_MS);
    expect(scheduler.get(Throwing).times).toBe(12);
    expect(work.begun).toHaveLength(2);
  });
});

describe('shutting the scheduler down', () => {
  it('waits for what runs, and starts nothing more', async () => {
    await beginShutdown();
    await vi.advanceTimersByTimeAsync(10 * EVERY_MS);
    expect(closed).toBe(false);
    await work.finish();
    expect(closed).toBe(true);
    await vi.advanceTimersByTimeAsync(10 * EVERY_MS);
    expect(work.begun).toHaveLength(1);
    expect(scheduler.get(Throwing).times).toBe(1);
  });

  it('ends at once when nothing runs, and leaves no timer behind', async () => {
    await work.finish();
    await beginShutdown();
    expect(closed).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });
});
