import 'reflect-metadata';
import { Module, type Provider } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { statfs } from 'node:fs/promises';
import { DataSource } from 'typeorm';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DATABASE_LIMITS } from '../../src/core/database/database-limits.js';
import { DatabaseProbe } from '../../src/core/database/database.health.js';
import { memoryUse } from '../../src/core/process/index.js';
import { SHARED_REDIS } from '../../src/core/redis/index.js';
import { RedisProbe } from '../../src/core/redis/redis.health.js';
import { HealthModule } from '../../src/operations/health/index.js';
import { HealthService } from '../../src/operations/health/health.service.js';
import { BeatProbe } from '../../src/operations/health/probes/beat.health.js';
import { DiskProbe } from '../../src/operations/health/probes/disk.health.js';
import { EventLoopProbe } from '../../src/operations/health/probes/event-loop.health.js';
import { MemoryProbe } from '../../src/operations/health/probes/memory.health.js';
import { QueuesProbe } from '../../src/operations/health/probes/queues.health.js';
import { DeadLetters } from '../../src/platform/history/index.js';
import { QueueControl, queuesConfig } from '../../src/platform/queues/index.js';
import { BeatReader } from '../../src/platform/scheduling/index.js';
import { Workers } from '../../src/platform/workers/index.js';
import { workersConfig } from '../../src/platform/workers/workers.config.js';
import { WorkersProbe } from '../../src/platform/workers/workers.health.js';

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  return { ...real, statfs: vi.fn<typeof real.statfs>(real.statfs) };
});

type State = 'up' | 'down' | 'hanging';
/** What probes look at, and which of them look at it. */
const FAR_ENDS = {
  redis: ['beat', 'queues', 'redis', 'workers'],
  database: ['beat', 'database'],
} as const;
type FarEnd = keyof typeof FAR_ENDS;

/** Longer than any probe keeps an answer. */
const ALL_ARE_OLD_MS = 11_000;

const states: Record<FarEnd, State> = { redis: 'up', database: 'up' };
let calls: Record<FarEnd, number>;
let beatAge: number;
let app: NestFastifyApplication;

/** What the far end answers, if it does. */
async function from<T>(end: FarEnd, answer: T): Promise<T> {
  calls[end]++;
  if (states[end] === 'down') throw new Error(`${end} is away`);
  if (states[end] === 'hanging') await new Promise(() => undefined);
  return answer;
}

const queue = { name: 'high', paused: false, waiting: 0, active: 0, failed: 0, oldestWaitingMs: null };
const beat = () => ({ ageSeconds: beatAge, latencyMs: 3, schedulerId: 's', workerId: 'w' });
const farEnds: Provider[] = [
  { provide: SHARED_REDIS, useValue: { ping: () => from('redis', 'PONG') } },
  {
    provide: QueueControl,
    useValue: { state: () => from('redis', queue), states: () => from('redis', [queue]) },
  },
  { provide: Workers, useValue: { list: () => from('redis', [{ state: 'online' }]) } },
  {
    provide: DataSource,
    useValue: {
      migrations: [],
      driver: { master: { totalCount: 1, idleCount: 1, waitingCount: 0 } },
      query: () => from('database', []),
    },
  },
  { provide: DeadLetters, useValue: { unrepeated: () => from('database', [['high', 0]]) } },
  { provide: BeatReader, useValue: { newest: () => from('database', beat()) } },
  { provide: DATABASE_LIMITS, useValue: { poolMax: 10 } },
  { provide: queuesConfig.token, useValue: { mostWaiting: 100, mostWaitingMs: 300_000 } },
  { provide: workersConfig.token, useValue: { expected: 1 } },
];
const probes = [
  RedisProbe,
  DatabaseProbe,
  QueuesProbe,
  WorkersProbe,
  BeatProbe,
  MemoryProbe,
  DiskProbe,
  EventLoopProbe,
];

@Module({ imports: [HealthModule], providers: [...farEnds, ...probes] })
class Root {}

let lines: { level: string; probe: string; reason: string | undefined }[];

beforeEach(async () => {
  // Only the clock, by which answers become old: time-outs are real.
  vi.useFakeTimers({ toFake: ['Date'] });
  Object.assign(states, { redis: 'up', database: 'up' });
  calls = { redis: 0, database: 0 };
  beatAge = 10;
  lines = [];
  const line = (level: string) => (facts: unknown) => {
    if (typeof facts === 'object' && facts !== null && 'probe' in facts)
      lines.push({ level, reason: undefined, ...(facts as { probe: string }) });
  };
  const none = () => undefined;
  app = await NestFactory.create<NestFastifyApplication>(Root, new FastifyAdapter(), {
    logger: { log: line('log'), warn: line('warn'), error: none, debug: none, verbose: none, fatal: none },
    abortOnError: false,
  });
  await app.init();
});
afterEach(async () => {
  await app.close();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const later = (ms: number) => vi.setSystemTime(Date.now() + ms);

/** The probes that are not up, by name. */
async function unwell(): Promise<Record<string, string | undefined>> {
  const { checks } = await app.get(HealthService).all();
  const bad = Object.entries(checks).filter(([, { status }]) => status !== 'up');
  return Object.fromEntries(bad.map(([name, { status, reason }]) => [name, `${status} ${reason}`]));
}

describe('every probe', () => {
  it('is up when all is well, and there are no others', async () => {
    expect(await unwell()).toEqual({});
    expect(Object.keys((await app.get(HealthService).all()).checks)).toHaveLength(probes.length);
  });

  it.each([
    ['redis', 'down'],
    ['redis', 'hanging'],
    ['database', 'down'],
    ['database', 'hanging'],
  ] as const)(
    'that needs %s is down while that is %s, no other is, and all come back',
    async (end, state) => {
      expect(await unwell()).toEqual({});
      // A heartbeat that is old makes its probe look for the reason, with all that this needs.
      beatAge = 1000;
      states[end] = state;
      later(ALL_ARE_OLD_MS);
      const found = await unwell();
      const down = Object.fromEntries(FAR_ENDS[end].map((name) => [name, `down ${name}.down`]));
      expect(found).toEqual(down);
      beatAge = 10;
      states[end] = 'up';
      later(ALL_ARE_OLD_MS);
      expect(await unwell()).toEqual({});
      const told = FAR_ENDS[end].map((name) => [
        { level: 'warn', probe: name, reason: `${name}.down` },
        { level: 'log', probe: name, reason: undefined },
      ]);
      expect(lines.map(({ level, probe, reason }) => ({ level, probe, reason })).sort(byProbe)).toEqual(
        told.flat().sort(byProbe),
      );
    },
  );

  it('asks no more often than its answers become old, and tells what it found once, while all that it needs flaps', async () => {
    let flips = 0;
    for (let ms = 0; ms < 30_000; ms += 100) {
      if (ms % 300 === 0) {
        const next = states.redis === 'up' ? 'down' : 'up';
        Object.assign(states, { redis: next, database: next });
        flips++;
      }
      await unwell();
      later(100);
    }
    expect(flips).toBe(100);
    // Redis: its own probe each second, queues, workers and the heartbeat every other; likewise the database.
    expect(calls.redis).toBeLessThanOrEqual(31 + 3 * 16 + 16);
    expect(calls.database).toBeLessThanOrEqual(31 + 2 * 16);
    for (const name of ['redis', 'database', 'queues', 'workers', 'beat']) {
      const told = lines.filter(({ probe }) => probe === name).map(({ level }) => level);
      expect(told.length, name).toBeLessThanOrEqual(31);
      // Each line tells of a change.
      for (const [index, level] of told.entries()) expect(level, name).not.toBe(told[index - 1]);
    }
  });
});

const byProbe = (a: { probe: string; level: string }, b: { probe: string; level: string }) =>
  `${a.probe} ${a.level}`.localeCompare(`${b.probe} ${b.level}`);

describe('probes of the process itself', () => {
  it('tell that memory is short, before it ends', async () => {
    const { rssBytes } = memoryUse();
    vi.spyOn(process, 'constrainedMemory').mockReturnValue(Math.round(rssBytes / 0.7));
    expect(await new MemoryProbe().check()).not.toHaveProperty('reason');
    vi.spyOn(process, 'constrainedMemory').mockReturnValue(Math.round(rssBytes / 0.9));
    expect(await new MemoryProbe().check()).toMatchObject({ reason: 'memory.high' });
  });

  it('tell that the disk is nearly full', async () => {
    vi.mocked(statfs).mockResolvedValueOnce({ bavail: 4, blocks: 100, bsize: 4096 } as never);
    expect(await new DiskProbe().check()).toMatchObject({ reason: 'disk.full', freeBytes: 16_384 });
    vi.mocked(statfs).mockResolvedValueOnce({ bavail: 6, blocks: 100, bsize: 4096 } as never);
    expect(await new DiskProbe().check()).not.toHaveProperty('reason');
    vi.mocked(statfs).mockRejectedValueOnce(new Error('EIO'));
    await expect(new DiskProbe().check()).rejects.toThrow('EIO');
  });

  it('tell that the event loop was blocked, once', async () => {
    const probe = new EventLoopProbe();
    await probe.check();
    await new Promise((resolve) => setTimeout(resolve, 30));
    const until = performance.now() + 900;
    while (performance.now() < until);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(await probe.check()).toMatchObject({ reason: 'event_loop.blocked' });
    expect(await probe.check()).not.toHaveProperty('reason');
    probe.onApplicationShutdown();
  });
});
