import { Logger } from '@nestjs/common';
import { Redis } from 'ioredis';
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import type { WorkerFacts } from '../../src/platform/workers/registry/worker-facts.js';
import { WorkerStore } from '../../src/platform/workers/registry/worker-store.js';
import { Workers } from '../../src/platform/workers/registry/workers.js';
import { eventually } from '../support/eventually.js';

let redis: Redis;
let prefix: string;

beforeEach(() => {
  Logger.overrideLogger(false);
  redis = new Redis(inject('redisUrl'));
  prefix = `test-${randomUUID().slice(0, 8)}`;
});

afterEach(async () => {
  const keys = await redis.keys(`${prefix}:*`);
  if (keys.length > 0) await redis.del(keys);
  redis.disconnect();
});

const registry = (rememberMs: number): WorkerStore =>
  new WorkerStore(redis, { url: '', prefix }, { rememberMs, watchdogMs: 0, expected: 1 });

const FACTS: WorkerFacts = {
  host: 'h',
  pid: 1,
  version: '1.0.0',
  mode: 'worker',
  startedAt: 0,
  queues: [],
  concurrency: 1,
  paused: false,
  draining: false,
  active: [],
  activeCount: 0,
  reservedCount: 0,
  totals: { processed: 0, succeeded: 0, failed: 0, retried: 0, revoked: 0 },
  rssBytes: 1,
  cpu: 0,
  eventLoopLagMs: 0,
};

const idsIn = async (store: WorkerStore): Promise<string[]> =>
  (await store.read(undefined, { factsOf: 'none' })).workers.map(({ id }) => id);

/** Of what there is in Redis, by key. */
async function sizes(): Promise<number[]> {
  return Promise.all([
    redis.hlen(`${prefix}:workers`),
    redis.zcard(`${prefix}:workers-heard`),
    redis.zcard(`${prefix}:workers-alive`),
  ]);
}

describe('the registry in Redis', () => {
  it('forgets a worker when its time is over and another is heard of', async () => {
    const store = registry(400);
    await store.beat('old', FACTS);
    await eventually('the old one to be forgotten', async () => {
      await store.beat('new', FACTS);
      return (await idsIn(store)).includes('old') ? undefined : true;
    });
    expect(await idsIn(store)).toEqual(['new']);
    expect(await sizes()).toEqual([1, 1, 1]);
  });

  it('is gone when nobody is heard of any more', async () => {
    await registry(200).beat('last', FACTS);
    await eventually('nothing to be left', async () =>
      (await redis.keys(`${prefix}:*`)).length === 0 ? true : undefined,
    );
  });

  it('remembers a thousand, the latest ones', async () => {
    const store = registry(60_000);
    await Promise.all(Array.from({ length: 1000 }, (_, n) => store.beat(`w${n}`, FACTS)));
    const { now } = await store.read(['w0']);
    // Redis counts milliseconds: the later ones have to be in a later one.
    await eventually('the next', async () => (await store.read(['w0'])).now > now || undefined);
    for (const id of ['x', 'y', 'z']) await store.beat(id, FACTS, { ends: true });
    const ids = await idsIn(store);
    expect(ids).toHaveLength(1000);
    expect(ids).toEqual(expect.arrayContaining(['x', 'y', 'z']));
    expect(await sizes()).toEqual([1000, 1000, 997]);
  });

  it('takes a worker for offline when it has not been heard of for twelve seconds by the clock of Redis', async () => {
    const store = registry(60_000);
    await Promise.all(
      ['late', 'later', 'ended'].map((id) => store.beat(id, FACTS, { ends: id === 'ended' })),
    );
    const { now } = await store.read(['late']);
    // As if they had been heard of then; the margin is what reading may take.
    await redis.zadd(`${prefix}:workers-alive`, now - 12_001, 'later', now - 2000, 'late');
    const states = Object.fromEntries((await store.read()).workers.map(({ id, state }) => [id, state]));
    expect(states).toEqual({ late: 'online', later: 'offline', ended: 'stopped' });
  });

  it('leaves out of the list what cannot be read, and lists what a later release adds', async () => {
    const store = registry(60_000);
    const workers = new Workers(store);
    await store.beat('newer', { ...FACTS, mood: 'fine' } as WorkerFacts);
    await store.beat('broken', FACTS);
    await store.beat('strange', FACTS);
    await redis.hset(`${prefix}:workers`, 'broken', '{', 'strange', '{"host":1}');
    const list = await workers.list();
    expect(list).toEqual([
      {
        ...FACTS,
        id: 'newer',
        state: 'online',
        heardAt: expect.any(Number) as number,
        silentMs: expect.any(Number) as number,
      },
    ]);
    expect(await workers.get('broken')).toBeUndefined();
    expect(await workers.get('never')).toBeUndefined();
  });

  it('counts for each queue the workers that take tasks from it now', async () => {
    const store = registry(60_000);
    const queues = [
      { name: 'high', consuming: true },
      { name: 'low', consuming: false },
    ];
    await store.beat('one', { ...FACTS, queues });
    await store.beat('two', { ...FACTS, queues: [...queues, { name: 'default', consuming: true }] });
    await store.beat('ending', { ...FACTS, queues, draining: true });
    await store.beat('ended', { ...FACTS, queues }, { ends: true });
    expect(Object.fromEntries(await new Workers(store).consumers())).toEqual({ high: 2, default: 1, low: 0 });
  });

  it('says that workers cannot be seen when Redis is away', async () => {
    const store = registry(60_000);
    redis.disconnect();
    const error = { code: 'workers.unavailable', httpStatus: 503, retryable: true };
    await expect(new Workers(store).list()).rejects.toMatchObject(error);
    redis = new Redis(inject('redisUrl'));
  });
});
