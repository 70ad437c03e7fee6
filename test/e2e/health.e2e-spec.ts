import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { QueueControl } from '../../src/platform/queues/index.js';
import { eventually } from '../support/eventually.js';
import { Ops } from '../support/ops.js';
import { labTasks } from '../support/task-lab/lab-tasks.js';
import { TaskLab } from '../support/task-lab/task-lab.js';

interface Health {
  status: string;
  checks: Record<string, { status: string; reason?: string; details: Record<string, unknown> }>;
}

let lab: TaskLab;
let viewer: Ops;

beforeAll(async () => {
  lab = await TaskLab.open({ QUEUE_DEGRADED_WAITING: '20' });
  viewer = new Ops(lab.url, 'viewer');
});
afterEach(async () => lab.clear());
afterAll(async () => lab?.[Symbol.asyncDispose]());

const details = async (): Promise<Health> => (await viewer.get<Health>('/health')).body;
const until = async (probe: string, reason: string | undefined): Promise<Health> =>
  eventually(
    `${probe} to be ${reason ?? 'up'}`,
    async () => {
      const health = await details();
      return health.checks[probe]?.reason === reason ? health : undefined;
    },
    40_000,
  );
/** As if the newest heartbeat had come so long ago. */
const beatAge = async (seconds: number): Promise<unknown> =>
  lab.environment.query(
    `INSERT INTO beat (id, slot, sent_at, received_at, latency_ms, scheduler_id, worker_id)
     SELECT 1, at, at, at, 3, 's', 'w' FROM (SELECT now() - $1 * interval '1 second' AS at) t
     ON CONFLICT (id) DO UPDATE SET sent_at = excluded.sent_at`,
    [seconds],
  );

describe('health', () => {
  it('tells operators details, and others words alone', async () => {
    const health = await details();
    expect(Object.keys(health.checks)).toEqual([
      'beat',
      'database',
      'disk',
      'event_loop',
      'memory',
      'queues',
      'redis',
      'workers',
    ]);
    expect(health.checks.redis).toMatchObject({
      status: 'up',
      essential: true,
      details: { latencyMs: expect.any(Number) as number },
    });
    const open = (await (await fetch(`${lab.url}/health`)).json()) as Health;
    for (const check of Object.values(open.checks))
      expect(Object.keys(check).filter((key) => key !== 'status' && key !== 'reason')).toEqual([]);
    expect((await fetch(`${lab.url}/health/startup`)).status).toBe(200);
  });

  it('tells how the database stands, and is degraded when that is older than the release', async () => {
    const { database } = (await details()).checks;
    expect(database).toMatchObject({
      status: 'up',
      essential: true,
      details: {
        latencyMs: expect.any(Number) as number,
        pool: { active: expect.any(Number) as number, waiting: 0, max: 10 },
        pendingMigrations: [],
      },
    });
    const { environment } = lab;
    const [newest] = await environment.query<{ timestamp: string; name: string }>(
      'DELETE FROM migrations WHERE id = (SELECT max(id) FROM migrations) RETURNING timestamp, name',
    );
    const { checks } = await until('database', 'database.migrations_pending');
    expect(checks.database?.details).toMatchObject({ pendingMigrations: [newest?.name] });
    // Some of what it does works, and no other process is better off.
    expect((await fetch(`${lab.url}/health/ready`)).status).toBe(200);
    await environment.query('INSERT INTO migrations (timestamp, name) VALUES ($1, $2)', [
      newest?.timestamp,
      newest?.name,
    ]);
    await until('database', undefined);
  });

  it('is degraded while dead letters wait for somebody, and gets its traffic', async () => {
    const { environment } = lab;
    await environment.query(
      `INSERT INTO dead_letter (task_id, name, queue, envelope, args, attempts, options, error_class, error_message,
         fingerprint, failed_at) VALUES ('dead', 'lab.noop', 'low', '{}', '{}', 1, '{}', 'E', 'x', 'f', now())`,
    );
    const { checks } = await until('queues', 'queues.dead_letters');
    expect(checks.queues?.details).toMatchObject({ deadLetters: 1 });
    expect((await fetch(`${lab.url}/health/ready`)).status).toBe(200);
    expect((await fetch(`${lab.url}/health`)).status).toBe(200);
    await environment.query('UPDATE dead_letter SET replayed_at = now()');
    await until('queues', undefined);
    await environment.query('DELETE FROM dead_letter');
  });

  it('is degraded without workers, and up with as many as expected', async () => {
    await until('workers', 'workers.none');
    expect((await fetch(`${lab.url}/health/ready`)).status).toBe(200);
    await lab.start();
    expect((await until('workers', undefined)).checks.workers?.details).toEqual({ online: 1, expected: 1 });
  });

  it('is degraded while more tasks wait than may', async () => {
    await lab.tasks.enqueueMany(
      labTasks.noop,
      Array.from({ length: 21 }, () => ({})),
    );
    const { checks } = await until('queues', 'queues.backlog');
    expect(checks.queues?.details).toMatchObject({ queues: { default: { waiting: 21 } } });
    await lab.start();
    await until('queues', undefined);
  });
});

describe('a worker that is told to end', () => {
  it('is not ready from then on, and alive until its tasks are done', async () => {
    const worker = await lab.start({ WORKER_DRAIN_TIMEOUT_MS: '60000' });
    const url = /listens on (http:\/\/[^\s"]+)/.exec(worker.log)?.[1] ?? '';
    expect((await fetch(`${url}/health/ready`)).status).toBe(200);
    const { id } = await lab.tasks.enqueue(labTasks.work, { ms: 3000 });
    await lab.reached('begun', 1);
    worker.kill('SIGTERM');
    const answer = await eventually('it not to be ready', async () => {
      const ready = await fetch(`${url}/health/ready`);
      return ready.status === 503 ? ready : undefined;
    });
    expect(await answer.json()).toMatchObject({
      status: 'shutting_down',
      checks: { redis: { status: 'up' } },
    });
    expect((await fetch(`${url}/health/live`)).status).toBe(200);
    expect(await worker.exit(), worker.log).toBe(0);
    expect(await lab.tasks.stateOf(labTasks.work, id)).toBe('ended');
  });
});

describe('the heartbeat', () => {
  it('is up while it is young, and its age is told', async () => {
    await beatAge(100);
    const { checks } = await until('beat', undefined);
    expect(checks.beat?.details.ageSeconds).toBeGreaterThanOrEqual(100);
  });

  it('that is old says which link is broken: no worker, no scheduler, a queue that is stuck or paused', async () => {
    await beatAge(200);
    await until('beat', 'beat.no_worker');
    await lab.start();
    await until('beat', 'beat.no_scheduler');
    const queues = lab.app.get(QueueControl, { strict: false });
    await queues.pause('high');
    await lab.tasks.enqueue(labTasks.workHigh, {}, { id: 'stuck' });
    const high = lab.queues.of('high');
    await high.client.hset(high.toKey('stuck'), 'timestamp', Date.now() - 60_000);
    await until('beat', 'beat.queue_paused');
    const stop = { command: { type: 'queue.cancel-consumer', queue: 'high' } };
    expect((await new Ops(lab.url).post('/workers/commands', stop)).status).toBe(200);
    await queues.resume('high');
    await until('beat', 'beat.queue_stuck');
  });
});
