import 'reflect-metadata';
import type { DataSource } from 'typeorm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createDataSource } from '../../src/app/data-source.js';
import { loadConfig } from '../../src/core/config/index.js';
import { databaseConfig } from '../../src/core/database/index.js';
import { BeatReader } from '../../src/platform/scheduling/index.js';
import { BeatTask } from '../../src/platform/scheduling/beat/beat.task.js';
import { metricOf } from '../support/asking.js';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { GleanerProcess } from '../support/gleaner-process.js';
import { bootApp } from '../support/test-app.js';

let environment: TestEnvironment;
let dataSource: DataSource;
let reader: BeatReader;

beforeAll(async () => {
  environment = await createEnvironment();
  dataSource = await createDataSource(
    loadConfig(environment.env, [databaseConfig]).get(databaseConfig),
  ).initialize();
  reader = new BeatReader(dataSource);
});

beforeEach(async () => environment.query('TRUNCATE beat'));

afterAll(async () => {
  await dataSource?.destroy();
  await environment?.dispose();
});

const beat = (deadlineMs?: number) => eventually('a heartbeat', () => reader.newest(), deadlineMs);

describe('a heartbeat', () => {
  it('goes from the scheduler through the queue to a worker, which writes it, in one process', async () => {
    expect(await reader.newest()).toBeUndefined();
    const app = await bootApp('all', environment.env);
    const newest = await beat();
    expect(newest.slot.getTime() % 30_000).toBe(0);
    expect(newest.sentAt.getTime()).toBeGreaterThanOrEqual(newest.slot.getTime());
    expect(newest.latencyMs).toBe(newest.receivedAt.getTime() - newest.sentAt.getTime());
    expect(newest.ageSeconds).toBeGreaterThan(0);
    expect(await metricOf(app.url, 'gleaner_beat_latency_seconds_count')).toBeGreaterThan(0);
    await app.close();
  });

  it('tells the process that sent it and the one that wrote it', async () => {
    const env = { ...environment.env, REDIS_PREFIX: `${environment.env.REDIS_PREFIX}-b`, LOG_LEVEL: 'info' };
    const processes = ['scheduler', 'scheduler', 'worker'].map((MODE) =>
      GleanerProcess.spawn({ ...env, MODE }),
    );
    try {
      const { schedulerId, workerId } = await processes[2]!.until('a heartbeat came', () => reader.newest());
      expect(processes.slice(0, 2).some(({ pid }) => schedulerId.endsWith(`:${pid}`))).toBe(true);
      expect(workerId.endsWith(`:${processes[2]!.pid}`)).toBe(true);
    } finally {
      for (const each of processes) each.kill('SIGKILL');
      await Promise.all(processes.map((each) => each.exit()));
    }
  });
});

describe('writing heartbeats', () => {
  const observed: number[] = [];
  const write = (slot: string, sentAt: string, schedulerId = 'host:1') => {
    const task = new BeatTask(dataSource, { observe: (value: number) => observed.push(value) } as never);
    return task.handle({ slot, sentAt, schedulerId });
  };
  const hoursAgo = (hours: number): string => new Date(Date.now() - hours * 3_600_000).toISOString();

  it('keeps the newest, whatever order they come in', async () => {
    expect(await write(hoursAgo(2), hoursAgo(2), 'host:2')).toBe('written');
    expect(await write(hoursAgo(1), hoursAgo(1), 'host:1')).toBe('written');
    expect(await write(hoursAgo(3), hoursAgo(3), 'host:3')).toBe('old');
    expect((await reader.newest())?.schedulerId).toBe('host:1');
    expect(observed.map((seconds) => Math.round(seconds / 3600))).toEqual([2, 1]);
  });

  it('does nothing for one that is delivered twice', async () => {
    const slot = hoursAgo(1);
    expect(await write(slot, slot)).toBe('written');
    expect(await write(slot, slot)).toBe('old');
  });

  it('bears one that seems to come from the future, or from long ago', async () => {
    expect(await write(hoursAgo(24 * 400), hoursAgo(24 * 400))).toBe('written');
    expect((await reader.newest())?.latencyMs).toBe(2_147_483_647);
    expect(await write(hoursAgo(-1), hoursAgo(-1))).toBe('written');
    expect((await reader.newest())?.latencyMs).toBe(0);
  });
});
