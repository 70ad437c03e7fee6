import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { OwnRedis } from '../support/own-redis.js';
import { labTasks } from '../support/task-lab/lab-tasks.js';
import { eachOnce } from '../support/task-lab/each-once.js';
import { TaskLab } from '../support/task-lab/task-lab.js';

let redis: OwnRedis;
let lab: TaskLab;

/** A task whose worker died is found within two of these. */
const WORKER = { WORKER_LOCK_DURATION_MS: '2000', WORKER_CONCURRENCY: '60' };
const COUNT = 50;

/** A Redis of this file's own, with its append-only file, to be killed and cut off. */
beforeAll(async () => {
  redis = await OwnRedis.provide('tasks-redis');
  await command('CONFIG', 'SET', 'appendonly', 'yes');
  await command('CONFIG', 'SET', 'appendfsync', 'always');
  await command('CONFIG', 'REWRITE');
  lab = await TaskLab.open({ REDIS_URL: redis.url });
});
afterEach(async () => lab.clear());
afterAll(async () => {
  await lab?.[Symbol.asyncDispose]();
  await redis?.dispose();
});

async function command(...words: [string, ...string[]]): Promise<unknown> {
  const client = new Redis(redis.url);
  try {
    return await client.call(...words);
  } finally {
    client.disconnect();
  }
}

const enqueue = async (ms: number): Promise<string[]> => {
  const payloads = Array.from({ length: COUNT }, () => ({ ms }));
  return (await lab.tasks.enqueueMany(labTasks.work, payloads)).map(({ id }) => id);
};

describe('a worker that holds 50 tasks', () => {
  it('is killed, and another runs each of them to its end', async () => {
    const victim = await lab.start(WORKER);
    const ids = await enqueue(1500);
    await lab.reached('begun', COUNT);
    victim.kill('SIGKILL');
    await lab.start(WORKER);
    expect(await eachOnce(lab, ids)).toBe(COUNT);
  });

  it('is frozen past its locks, wakes up, and writes over nothing that others have done since', async () => {
    const frozen = await lab.start(WORKER);
    const ids = await enqueue(1500);
    await lab.reached('begun', COUNT);
    frozen.kill('SIGSTOP');
    await lab.start(WORKER);
    await lab.reached('begun', 2 * COUNT, 30_000);
    frozen.kill('SIGCONT');
    // At this lock duration a busy machine can cost the second worker a lock of its own.
    expect(await eachOnce(lab, ids)).toBeGreaterThanOrEqual(COUNT);
    // It noticed, and lives on as a worker.
    await frozen.until('it to notice', async () =>
      frozen.lines('task lost: another worker has it, and nothing is written of this attempt').length > 0
        ? true
        : undefined,
    );
  });

  it('is told to end, and hands them back so that others begin them at once', async () => {
    const leaving = await lab.start({
      ...WORKER,
      WORKER_LOCK_DURATION_MS: '600000',
      WORKER_DRAIN_TIMEOUT_MS: '0',
    });
    const ids = await enqueue(1500);
    await lab.reached('begun', COUNT);
    leaving.kill('SIGTERM');
    expect(await leaving.exit(), leaving.log).toBe(0);
    await lab.start(WORKER);
    expect(await eachOnce(lab, ids, 10_000)).toBe(COUNT);
  });
});

describe('Redis', () => {
  it('is killed and comes back with its file, and no task is lost', async () => {
    await lab.start(WORKER);
    await lab.start(WORKER);
    const ids = await enqueue(1500);
    await lab.reached('begun', COUNT / 2);
    redis.kill();
    await redis.start();
    const again = await eachOnce(lab, ids);
    expect(again).toBeLessThanOrEqual(COUNT);
  });

  it('has all of its connections cut, and every task goes on', async () => {
    await lab.start(WORKER);
    await lab.start(WORKER);
    const ids = await enqueue(1000);
    await lab.reached('begun', COUNT / 2);
    await command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await command('CLIENT', 'KILL', 'TYPE', 'pubsub', 'SKIPME', 'yes');
    // A job whose pop was answered to a cut connection is found by those who look for such.
    expect(await eachOnce(lab, ids)).toBeLessThanOrEqual(COUNT);
  });

  it('is away while tasks are enqueued, and each of them is run once when it is back', async () => {
    await lab.start(WORKER);
    redis.kill();
    const enqueued = await Promise.all(
      Array.from({ length: COUNT }, () => lab.tasks.enqueue(labTasks.work, {})),
    );
    expect(new Set(enqueued.map(({ via }) => via))).toEqual(new Set(['outbox']));
    await redis.start();
    expect(
      await eachOnce(
        lab,
        enqueued.map(({ id }) => id),
      ),
    ).toBe(0);
  });
});
