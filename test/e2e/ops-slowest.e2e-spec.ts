import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Timings } from '../../src/core/performance/timings.js';
import { WorkUnit } from '../../src/core/performance/work-unit.js';
import type { SlowItem } from '../../src/platform/performance/index.js';
import { TimingPublisher } from '../../src/platform/performance/timing-publisher.js';
import { TimingStore } from '../../src/platform/performance/timing-store.js';
import { gleaner } from '../support/command.js';
import { eventually } from '../support/eventually.js';
import { Ops } from '../support/ops.js';
import { labTasks } from '../support/task-lab/lab-tasks.js';
import { TaskLab } from '../support/task-lab/task-lab.js';

type Item = Omit<SlowItem, 'slowest'> & { slowest: { unit: string | null; id: string | null; at: string } };
interface List {
  since: string;
  items: Item[];
}

let lab: TaskLab;
let ops: Ops;
let publisher: TimingPublisher;
let store: TimingStore;

beforeAll(async () => {
  lab = await TaskLab.open();
  ops = new Ops(lab.url, 'viewer');
  publisher = lab.app.get(TimingPublisher, { strict: false });
  store = lab.app.get(TimingStore, { strict: false });
});
afterAll(async () => lab?.[Symbol.asyncDispose]());

const list = async (path: string): Promise<List> => (await ops.get<List>(`/slowest/${path}`)).body;

describe('what is slowest', () => {
  it('are routes with their numbers', async () => {
    for (let n = 0; n < 10; n++) await fetch(`${lab.url}/api/v1/tags?limit=3`);
    await publisher.runOnce();
    const { items } = await list('routes?by=max');
    const tags = items.find(({ name }) => name === 'GET /api/v1/tags')!;
    expect(tags).toMatchObject({ count: 10, queries: 0.1, slowest: { unit: 'GET /api/v1/tags' } });
    expect(tags.meanMs).toBeCloseTo(tags.totalMs / 10, 1);
    expect(tags.p95Ms).toBeLessThanOrEqual(tags.maxMs);
    expect(Date.now() - Date.parse(tags.slowest.at)).toBeLessThan(60_000);
  });

  it('are tasks that other processes have run, told at the latest when they end', async () => {
    const worker = await lab.start();
    await lab.tasks.enqueue(labTasks.work, { ms: 300 }, { id: 'slow' });
    await lab.tasks.enqueue(labTasks.work, { ms: 1 }, { id: 'quick' });
    await lab.reached('ended', 2);
    await eventually('their ends', async () => worker.lines('task succeeded')[1]);
    worker.kill('SIGTERM');
    await worker.exit();
    const { items } = await list('tasks');
    expect(items).toMatchObject([{ name: 'lab.work', count: 2, queries: 2, slowest: { id: 'slow' } }]);
    expect(items[0]!.maxMs).toBeGreaterThan(299);
  });

  it('are statements without their values; of a statement and of a route the slowest request is told', async () => {
    await lab.environment.query('BEGIN');
    await lab.environment.query('LOCK TABLE author');
    const asked = fetch(`${lab.url}/api/v1/authors?limit=7`, {
      headers: { 'x-request-id': 'waits-for-lock' },
    });
    await eventually('it to wait', async () => {
      const [waiting] = await lab.environment.query(
        `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
           AND query_start < clock_timestamp() - interval '200 milliseconds'`,
      );
      return waiting;
    });
    await lab.environment.query('COMMIT');
    await asked;
    await publisher.runOnce();
    const known = { id: 'waits-for-lock', unit: 'GET /api/v1/authors' };
    const { items: queries } = await list('queries?by=max&limit=100&window=10m');
    const query = queries.find(({ slowest }) => slowest.id === known.id)!;
    expect(query).toMatchObject({ queries: 1, slowest: known });
    expect(query.maxMs).toBeGreaterThan(200);
    expect(query.name).toMatch(/^SELECT .*author/i);
    expect(query.name).not.toMatch(/\b[78]\b/);
    const { items: routes } = await list('routes?by=max&limit=100');
    expect(routes.find(({ name }) => name === known.unit)).toMatchObject({ count: 1, slowest: known });
  });

  it('is told on the command line', async () => {
    const { code, out } = await gleaner('slowest tasks --by total --json', lab.environment.env);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject([{ name: 'lab.work', count: 2 }]);
    const table = await gleaner('slowest tasks', lab.environment.env);
    expect(table.out).toMatch(/^P95 +MEAN +MAX +TOTAL +COUNT +QUERIES +SLOWEST +NAME\n.*slow +lab\.work/);
  });

  it.each([
    ['sources', 'expected one of routes, tasks, queries'],
    ['routes?window=2h', 'expected one of 10m, 1h, 24h'],
    ['routes?by=name', 'expected one of p95, mean, max, total'],
    ['routes?limit=101', 'expected a whole number from 1 to 100'],
  ])('%s is refused', async (path, message) => {
    const { status, body } = await ops.get<object>(`/slowest/${path}`);
    expect(status).toBe(400);
    expect(JSON.stringify(body)).toContain(message);
  });
});

describe('what processes have timed', () => {
  /** As another process would. */
  function timed(...all: [name: string, ms: number, id?: string][]): ReturnType<Timings['take']> {
    const timings = new Timings();
    for (const [name, ms, id] of all) timings.record('tasks', name, ms, 1, new WorkUnit('task', name, id));
    return timings.take();
  }

  it('is added up, percentiles too, whichever of them had the slowest', async () => {
    const many = (length: number, ms: number) =>
      timed(...Array.from({ length }, (): [string, number] => ['sum', ms])).tasks;
    // Another bucket than that of the rest.
    const now = vi.spyOn(Date, 'now').mockReturnValue(Date.now() - 20 * 60_000);
    await store.add('tasks', many(40, 10));
    now.mockRestore();
    for (let process = 0; process < 2; process++) await store.add('tasks', many(28, 10));
    await store.add('tasks', timed(['sum', 500, 'first']).tasks);
    await store.add('tasks', many(3, 400));
    const { items } = await list('tasks?by=total');
    const sum = items.find(({ name }) => name === 'sum')!;
    expect(sum).toMatchObject({ count: 100, totalMs: 2660, meanMs: 26.6, maxMs: 500, queries: 1 });
    expect(sum.slowest.id).toBe('first');
    expect(sum.p95Ms / 10).toBeGreaterThan(0.9);
    expect(sum.p95Ms / 10).toBeLessThan(1.1);
  });

  it('is forgotten in windows that do not reach back to it', async () => {
    const now = vi.spyOn(Date, 'now').mockReturnValue(Date.now() - 3 * 3_600_000);
    await store.add('tasks', timed(['three hours ago', 1000]).tasks);
    now.mockRestore();
    const names = async (window: string) =>
      (await list(`tasks?limit=100&window=${window}`)).items.map(({ name }) => name);
    expect(await names('24h')).toContain('three hours ago');
    expect(await names('1h')).not.toContain('three hours ago');
  });

  it('is bounded, in names and in time', async () => {
    for (let process = 0; process < 3; process++)
      await store.add(
        'routes',
        timed(...Array.from({ length: 150 }, (_, n): [string, number] => [`${process}/${n}`, 1])).tasks,
      );
    const redis = new Redis(lab.environment.env.REDIS_URL!);
    const keys = await redis.keys(`${lab.environment.env.REDIS_PREFIX}:slowest:routes:*`);
    const lengths = await Promise.all(keys.map((key) => redis.hlen(key)));
    const times = await Promise.all(keys.map((key) => redis.pttl(key)));
    redis.disconnect();
    expect(Math.max(...lengths)).toBe(201);
    expect(Math.min(...times)).toBeGreaterThan(0);
    const rest = (await list('routes?by=total&limit=100')).items.find(({ name }) => name === 'other');
    expect(rest?.count).toBeGreaterThanOrEqual(250);
  });
});
