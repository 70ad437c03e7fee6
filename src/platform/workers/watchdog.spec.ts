import 'reflect-metadata';
import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ControllableWorker } from '../queues/index.js';
import { FreshPing, ProcessExit, Watchdog } from './watchdog.js';

const WATCH_MS = 120_000;

let contact: () => number;
let answers: () => Promise<boolean>;
let snapshot: Record<string, unknown>;
let pings: number;
let exits: number[];
let watchdog: Watchdog;

beforeEach(() => {
  Logger.overrideLogger(false);
  vi.useFakeTimers();
  contact = () => 1000;
  answers = async () => true;
  pings = 0;
  exits = [];
  snapshot = {
    queues: [
      { name: 'high', consuming: false },
      { name: 'low', consuming: true },
    ],
    concurrency: 2,
    paused: false,
    draining: false,
    active: [{}],
    reserved: [],
  };
});

afterEach(() => {
  watchdog.onApplicationShutdown();
  vi.useRealTimers();
});

function watch(watchdogMs = WATCH_MS): void {
  const worker = { lastContact: () => contact(), snapshot: () => snapshot };
  const ping: FreshPing = {
    answers: () => {
      pings++;
      return answers();
    },
  };
  const exit: ProcessExit = { exit: (code) => exits.push(code) };
  watchdog = new Watchdog(worker as unknown as ControllableWorker, ping, exit, {
    watchdogMs,
    rememberMs: 60_000,
    expected: 1,
  });
  watchdog.onApplicationBootstrap();
}

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
/** The first look only learns when the last contact was. */
const LONG_ENOUGH = WATCH_MS + WATCH_MS / 4;

describe('the watchdog', () => {
  it('ends a worker that has heard nothing for the whole time, although Redis answers others', async () => {
    watch();
    await pass(LONG_ENOUGH - 1);
    expect(exits).toEqual([]);
    await pass(1);
    expect(exits).toEqual([70]);
  });

  it('ends it once', async () => {
    watch();
    await pass(10 * LONG_ENOUGH);
    expect(exits).toEqual([70]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('leaves a worker alone that hears from Redis, and asks nothing then', async () => {
    contact = () => Date.now();
    watch();
    await pass(10 * LONG_ENOUGH);
    expect(exits).toEqual([]);
    expect(pings).toBe(0);
  });

  it('begins anew with every contact', async () => {
    watch();
    await pass(LONG_ENOUGH - 1);
    contact = () => 2000;
    await pass(WATCH_MS);
    expect(exits).toEqual([]);
    await pass(1);
    expect(exits).toEqual([70]);
  });

  it('waits while Redis is away, and then as long again', async () => {
    answers = async () => false;
    watch();
    await pass(50 * WATCH_MS);
    expect(pings).toBeGreaterThan(100);
    answers = async () => true;
    await pass(WATCH_MS - 1);
    expect(exits).toEqual([]);
    await pass(1);
    expect(exits).toEqual([70]);
  });

  it('does not end a worker that hears from Redis while it asks', async () => {
    watch();
    await pass(LONG_ENOUGH - 1);
    answers = async () => {
      contact = () => 2000;
      return true;
    };
    await pass(1);
    expect(pings).toBe(4);
    expect(exits).toEqual([]);
  });

  it('counts the time for which the process was frozen as one look, not as silence', async () => {
    watch();
    await pass(WATCH_MS / 4);
    vi.setSystemTime(Date.now() + 3_600_000);
    await pass(WATCH_MS / 4);
    expect(exits).toEqual([]);
  });

  it.each([
    ['is paused', { paused: true }],
    ['drains', { draining: true }],
    ['has no free slot', { active: [{}, {}] }],
    ['has reserved its free slots', { reserved: [{}] }],
    ['consumes no queue', { queues: [{ name: 'high', consuming: false }] }],
  ])('expects nothing of a worker that %s', async (_what, change) => {
    Object.assign(snapshot, change);
    watch();
    await pass(10 * LONG_ENOUGH);
    expect(exits).toEqual([]);
    expect(pings).toBe(0);
  });

  it('can be switched off', async () => {
    watch(0);
    expect(vi.getTimerCount()).toBe(0);
    await pass(10 * LONG_ENOUGH);
    expect(pings).toBe(0);
  });

  it('stops with the process, also when it is just asking', async () => {
    const answer = Promise.withResolvers<boolean>();
    answers = () => answer.promise;
    watch();
    await pass(WATCH_MS / 2);
    expect(pings).toBe(1);
    watchdog.onApplicationShutdown();
    answer.resolve(true);
    await pass(10 * LONG_ENOUGH);
    expect(exits).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
