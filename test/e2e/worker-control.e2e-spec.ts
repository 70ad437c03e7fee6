import Bull from 'bull';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { WorkerCommand } from '../../src/platform/workers/index.js';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { type FakeWorker, heldTask, shownTask, WorkerCluster } from '../support/worker-cluster.js';

let environment: TestEnvironment;
let cluster: WorkerCluster;
let worker: FakeWorker;
let id: string;
let prefix: string;
let done: number;

beforeAll(async () => {
  environment = await createEnvironment();
  prefix = environment.env.REDIS_PREFIX!;
  cluster = await WorkerCluster.open(environment.env);
  [worker, id] = await cluster.start({ active: [heldTask('t1')], reserved: [heldTask('t2')] });
});
afterAll(async () => {
  await cluster.close();
  await environment.dispose();
});

beforeEach(async () => {
  done = (await cluster.deedsOf(worker, id)).length;
});

/** The answer of the one worker. */
async function tell(command: WorkerCommand): Promise<unknown> {
  const { replies, silent } = await cluster.commands.send(command, { timeoutMs: 10_000 });
  expect(silent).toEqual([]);
  const [reply] = replies;
  return reply?.ok ? reply.result : reply?.error;
}

/** What it was told to do in this test. */
const deeds = async (): Promise<string[]> => (await cluster.deedsOf(worker, id)).slice(done);

describe('what a worker can be told', () => {
  it('conf: all settings, of secrets nothing', async () => {
    const { settings } = (await tell({ type: 'conf' })) as { settings: { name: string; value: unknown }[] };
    const value = (name: string) => settings.find((setting) => setting.name === name)?.value;
    expect(value('WORKER_CONCURRENCY')).toBe(10);
    expect(value('REDIS_PREFIX')).toBe(prefix);
    expect(value('DATABASE_URL')).toBe('[redacted]');
    expect(value('REDIS_URL')).toBe('[redacted]');
    const password = new URL(environment.env.DATABASE_URL!).password;
    expect(password).not.toBe('');
    expect(JSON.stringify(settings)).not.toContain(password);
  });

  it('registered, reserved: what it can run and what it holds, without schemas and payloads', async () => {
    const made = { name: 'made.up', queue: 'default', version: 1, attempts: 3, deadlineMs: 1000 };
    expect(await tell({ type: 'registered' })).toEqual({
      tasks: [{ ...made, isolated: false, critical: true }],
    });
    expect(await tell({ type: 'reserved' })).toEqual({ count: 1, tasks: [shownTask('t2')] });
  });

  it('scheduled: what waits for its time, soonest first, without payloads', async () => {
    const queues = new Map(
      ['high', 'low'].map((name) => [
        name,
        new Bull(name, environment.env.REDIS_URL!, { prefix: `${prefix}:bull` }),
      ]),
    );
    const add = async (queue: string, jobId: string, delay: number) => {
      const job = await queues.get(queue)!.add('made.up', { payload: 'hush' }, { jobId, delay });
      return job.timestamp + delay;
    };
    try {
      const later = await add('high', 'later', 7_200_000);
      const sooner = await add('low', 'sooner', 3_600_000);
      const task = { name: 'made.up', attempt: 1 };
      expect(await tell({ type: 'scheduled' })).toEqual({
        count: 2,
        tasks: [
          { ...task, id: 'sooner', queue: 'low', eta: sooner },
          { ...task, id: 'later', queue: 'high', eta: later },
        ],
      });
      for (let n = 0; n < 120; n++) await add('low', `n${n}`, 100_000 + n);
      const { count, tasks } = (await tell({ type: 'scheduled' })) as { count: number; tasks: unknown[] };
      expect({ count, listed: tasks.length }).toEqual({ count: 122, listed: 101 });
    } finally {
      for (const queue of queues.values()) await queue.close();
    }
  });

  it('pool: grow, shrink to no less than one, resize, autoscale and stop that', async () => {
    expect(await tell({ type: 'pool.grow', by: 3 })).toEqual({ concurrency: 7 });
    expect(await tell({ type: 'pool.shrink', by: 2 })).toEqual({ concurrency: 5 });
    expect(await tell({ type: 'pool.shrink', by: 9 })).toEqual({ concurrency: 1 });
    expect(await tell({ type: 'pool.resize', to: 60 })).toEqual({ concurrency: 50 });
    const bounds = { min: 2, max: 8 };
    const scaled = await tell({ type: 'pool.autoscale', bounds });
    expect(scaled).toEqual({ concurrency: 50, autoscale: bounds });
    // What it changes is listed at once, not with the heartbeat of three seconds later.
    await cluster.until(id, 'listed as scaled', ({ autoscale }) => autoscale?.max === 8, 2000);
    const stopped = await tell({ type: 'pool.autoscale', bounds: null });
    expect(stopped).toEqual({ concurrency: 50, autoscale: null });
    expect(await deeds()).toEqual([
      'resize 7',
      'resize 5',
      'resize 1',
      'resize 60',
      'autoscale {"min":2,"max":8}',
      'autoscale undefined',
    ]);
  });

  it('queue: cancel and add a consumer', async () => {
    const low = { name: 'low', consuming: false };
    const cancelled = await tell({ type: 'queue.cancel-consumer', queue: 'low' });
    expect(cancelled).toMatchObject({ queues: expect.arrayContaining([low]) as unknown[] });
    await tell({ type: 'queue.add-consumer', queue: 'low' });
    expect(await deeds()).toEqual(['consume low false', 'consume low true']);
  });

  it('rate and time limits of tasks that it knows', async () => {
    const task = 'made.up';
    const redis = new Redis(environment.env.REDIS_URL!);
    const kept = async (what: 'rate' | 'time') => redis.hgetall(`${prefix}:limits:${what}`);
    try {
      expect(await tell({ type: 'rate-limit', task, rate: '10/m' })).toEqual({ task, rate: '10/m' });
      await tell({ type: 'time-limit', task, limits: { softMs: 5, hardMs: 9 } });
      const unknown = await tell({ type: 'rate-limit', task: 'made.down', rate: '10/m' });
      expect(unknown).toMatchObject({ code: 'not_found' });
      expect(await kept('rate')).toEqual({ [task]: '10/m' });
      expect(await kept('time')).toEqual({ [task]: '{"softMs":5,"hardMs":9}' });
      await tell({ type: 'rate-limit', task, rate: null });
      await tell({ type: 'time-limit', task, limits: null });
      expect([await kept('rate'), await kept('time')]).toEqual([{}, {}]);
    } finally {
      redis.disconnect();
    }
  });

  it('something that fails: the answer says so, and no more than that', async () => {
    const failed = await tell({ type: 'pool.autoscale', bounds: { min: 13, max: 13 } });
    expect(failed).toMatchObject({ code: 'internal' });
    expect(JSON.stringify(failed)).not.toContain('hush');
    expect(await tell({ type: 'ping' })).toEqual({ pong: true });
  });

  it('revoke: it says which of the tasks ran there', async () => {
    const ids = ['t1', 'elsewhere'];
    expect(await tell({ type: 'revoke', ids, how: 'terminate' })).toEqual({ revoked: ['t1'] });
    expect(await deeds()).toEqual(['revoke t1 terminate', 'revoke elsewhere terminate']);
  });

  it('pause and resume', async () => {
    expect(await tell({ type: 'pause' })).toEqual({ paused: true });
    expect(await tell({ type: 'resume' })).toEqual({ paused: false });
  });

  it('shutdown, at last: it answers, ends in order and says so', async () => {
    expect(await tell({ type: 'shutdown' })).toEqual({ shuttingDown: true });
    expect(await worker.exit()).toBe(0);
    expect(await cluster.workers.get(id)).toMatchObject({ state: 'stopped' });
  });
});
