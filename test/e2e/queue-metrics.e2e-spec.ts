import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { provideServices, type Services } from '../../scripts/services/index.ts';
import { QueueControl, Queues } from '../../src/platform/queues/index.js';
import { labTasks } from '../support/task-lab/lab-tasks.js';
import { createEnvironment } from '../support/environment.js';
import { TaskLab } from '../support/task-lab/task-lab.js';

const MANY = 10_000;

let services: Services;
let lab: TaskLab;
let redis: Redis;
let redisPid: number;

/** A Redis of this file's own, for it is frozen here. */
beforeAll(async () => {
  services = await provideServices({ dir: '.gleaner/test/queue-metrics', ephemeral: true });
  lab = await TaskLab.open({}, await createEnvironment({ REDIS_URL: services.redisUrl }));
  redis = new Redis(services.redisUrl);
  redisPid = Number(/process_id:(\d+)/.exec(await redis.info('server'))?.[1]);
});

afterAll(async () => {
  redis?.disconnect();
  await lab?.[Symbol.asyncDispose]();
  await services?.stop();
});

const scrape = async (): Promise<string> => (await fetch(`${lab.url}/metrics`)).text();

/** The number of a series, as soon as `is` holds for it: what is read from Redis is kept for a second. */
async function reaches(series: string, is: (value: number) => boolean): Promise<void> {
  const value = async () => {
    const line = (await scrape()).split('\n').find((each) => each.startsWith(`${series} `));
    return Number(line?.split(' ')[1] ?? Number.NaN);
  };
  await expect.poll(value, { timeout: 5000 }).toSatisfy(is);
}
const counts = async (queue: string, state: string, count: number) =>
  reaches(`gleaner_queue_tasks{queue="${queue}",state="${state}"}`, (value) => value === count);

describe('metrics of queues', () => {
  it('tell what each queue holds, and how long the oldest task has waited', async () => {
    const { default: normal } = Object.fromEntries(lab.app.get(Queues, { strict: false }).all);
    const first = await lab.tasks.enqueue(labTasks.noop, {});
    await lab.tasks.enqueue(labTasks.noop, {});
    await lab.tasks.enqueue(labTasks.noop, {}, { eta: new Date(Date.now() + 3_600_000) });
    await redis.hset(normal!.toKey(first.id), 'timestamp', Date.now() - 60_000);

    await counts('default', 'waiting', 2);
    await counts('default', 'delayed', 1);
    await counts('default', 'active', 0);
    await counts('default', 'failed', 0);
    await counts('high', 'waiting', 0);
    const age = 'gleaner_queue_oldest_waiting_age_seconds';
    await reaches(`${age}{queue="default"}`, (value) => value >= 60 && value < 90);
    await reaches(`${age}{queue="high"}`, (value) => value === 0);
    await reaches('gleaner_queue_metrics_stale', (value) => value === 0);

    const control = lab.app.get(QueueControl, { strict: false });
    await control.pause('default');
    await counts('default', 'paused', 2);
    await counts('default', 'waiting', 0);
    await reaches(`${age}{queue="default"}`, (value) => value >= 60);
    await control.resume('default');
    await counts('default', 'waiting', 2);
    expect(await scrape()).toContain('gleaner_queue_tasks{queue="default",state="paused"} 0\n');
  });

  it(`are told with ${MANY} tasks on a queue, too`, async () => {
    for (let sent = 0; sent < MANY; sent += 1000)
      await lab.tasks.enqueueMany(
        labTasks.noop,
        Array.from({ length: 1000 }, () => ({})),
      );
    await counts('default', 'waiting', MANY + 2);
    expect(await scrape()).toContain('gleaner_queue_metrics_stale 0\n');
  });

  it('are what they last were while Redis hangs, and say so without waiting for it', async () => {
    await counts('default', 'delayed', 1);
    process.kill(redisPid, 'SIGSTOP');
    try {
      await reaches('gleaner_queue_metrics_stale', (value) => value === 1);
      // Redis answers nothing before this has.
      const metrics = await scrape();
      expect(metrics).toContain('gleaner_queue_metrics_stale 1\n');
      expect(metrics).toContain('gleaner_worker_metrics_stale 1\n');
      expect(metrics).toContain('gleaner_redis_metrics_stale 1\n');
      expect(metrics).toContain('gleaner_politeness_metrics_stale 1\n');
      // PostgreSQL is well.
      expect(metrics).toContain('gleaner_dead_letter_metrics_stale 0\n');
      expect(metrics).toContain('gleaner_queue_tasks{queue="default",state="delayed"} 1\n');
    } finally {
      process.kill(redisPid, 'SIGCONT');
    }
    await reaches('gleaner_queue_metrics_stale', (value) => value === 0);
    await reaches('gleaner_worker_metrics_stale', (value) => value === 0);
  });
});
