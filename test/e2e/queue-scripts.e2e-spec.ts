import { default as Bull, type Queue } from 'bull';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { extendLock } from '../../src/platform/queues/bull/extend-lock.js';
import { settle } from '../../src/platform/queues/bull/settle-job.js';
import { type TakenJob, takeJobs, takeMoved } from '../../src/platform/queues/bull/take-jobs.js';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';

let environment: TestEnvironment;
let queue: Queue;

beforeAll(async () => {
  environment = await createEnvironment();
  queue = new Bull('scripts', environment.env.REDIS_URL ?? '', {
    prefix: environment.env.REDIS_PREFIX ?? '',
  });
  await queue.isReady();
});
afterEach(async () => queue.obliterate({ force: true }));
afterAll(async () => {
  await queue?.close();
  await environment?.dispose();
});

const source = () => ({ queue, lockMs: 60_000, tombstones: 'none:' });
const DONE = { to: 'completed', result: null } as const;

async function takeOne(): Promise<TakenJob> {
  const [taken] = await takeJobs(source(), 1);
  if (!taken) throw new Error('nothing waits');
  return taken;
}

/** As whoever looks for jobs of the dead does, when the process was too busy to renew the lock. */
async function loseLock({ job }: TakenJob): Promise<void> {
  await queue.client.del(queue.toKey(`${job.id}:lock`));
  await queue.client.lrem(queue.toKey('active'), 1, String(job.id));
  await queue.client.rpush(queue.toKey('wait'), String(job.id));
}

describe('a process that takes a job again which it has lost itself', () => {
  it('renews the lock of the second start only', async () => {
    await queue.add({}, { jobId: 'twice' });
    const first = await takeOne();
    await loseLock(first);
    const second = await takeOne();
    expect([first.start, second.start]).toEqual([1, 2]);
    expect(await extendLock(first, 1000)).toBe(false);
    expect(await queue.client.pttl(queue.toKey('twice:lock'))).toBeGreaterThan(50_000);
    expect(await extendLock(second, 1000)).toBe(true);
    expect(await queue.client.pttl(queue.toKey('twice:lock'))).toBeLessThanOrEqual(1000);
  });

  it('writes nothing for the first start', async () => {
    await queue.add({}, { jobId: 'twice' });
    const first = await takeOne();
    await loseLock(first);
    const second = await takeOne();
    expect(await settle(first, DONE)).toBe(false);
    expect(await queue.getJobCounts()).toMatchObject({ active: 1, completed: 0 });
    expect(await extendLock(second, 1000)).toBe(true);
    expect(await settle(second, DONE)).toBe(true);
    expect(await queue.getJobCounts()).toMatchObject({ active: 0, completed: 1 });
  });
});

describe('a job whose lock has run out', () => {
  it('is still ended by whoever had it, as long as nobody has begun it since', async () => {
    await queue.add({}, { jobId: 'late' });
    const taken = await takeOne();
    await queue.client.del(queue.toKey('late:lock'));
    expect(await settle(taken, DONE)).toBe(true);
    expect(await queue.getJobCounts()).toMatchObject({ active: 0, completed: 1 });
  });

  it('is not begun by another that was handed it in the moment in which it was ended', async () => {
    await queue.add({}, { jobId: 'late' });
    const taken = await takeOne();
    await loseLock(taken);
    // What a blocking pop does, on its own connection, before it is asked what the job is.
    await queue.client.rpoplpush(queue.toKey('wait'), queue.toKey('active'));
    expect(await settle(taken, DONE)).toBe(true);
    expect(await takeMoved(source(), 'late')).toBeUndefined();
    expect(await queue.getJobCounts()).toMatchObject({ active: 0, completed: 1 });
  });

  it('is not handed back by one that was only handed it, once another has begun it', async () => {
    await queue.add({}, { jobId: 'moved' });
    await takeOne();
    expect(await settle({ job: { queue, id: 'moved' } }, { to: 'wait' })).toBe(false);
    expect(await queue.getJobCounts()).toMatchObject({ active: 1, waiting: 0 });
  });
});
