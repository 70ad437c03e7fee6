import 'reflect-metadata';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MissingRows } from '../../src/platform/history/reconciling/missing-rows.js';
import { TaskReconciler } from '../../src/platform/history/reconciling/task-reconciler.js';
import type { TaskEvent } from '../../src/platform/queues/index.js';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import {
  addJob,
  beginJob,
  failJob,
  happened,
  type HistoryNode,
  sent,
  startHistoryNode,
} from '../support/history-node.js';

let environment: TestEnvironment;
let node: HistoryNode;

beforeAll(async () => {
  environment = await createEnvironment();
  node = await startHistoryNode(environment.env);
});

beforeEach(async () => {
  await node.reset();
  // Suspects of the test before are forgotten.
  await compare();
});

afterAll(async () => {
  await node?.close();
  await environment?.dispose();
});

const compare = () => node.get(TaskReconciler).runOnce();
const repaired = (kind: string) => node.metric('task_reconciled_total', kind);

interface Row {
  state: string;
  [column: string]: unknown;
}
const row = async (id: string): Promise<Row | undefined> =>
  (await environment.query<Row>('SELECT * FROM task WHERE id = $1', [id]))[0];
const outcomes = async (id: string) =>
  (
    await environment.query<{ outcome: string | null }>(
      'SELECT outcome FROM task_attempt WHERE task_id = $1 ORDER BY start',
      [id],
    )
  ).map(({ outcome }) => outcome);

/** What was told of the task, longer ago than anything is on its way. */
async function quiet(id: string, ...events: TaskEvent[]): Promise<void> {
  const { length } = await environment.query('SELECT 1 FROM task');
  node.emit(...events);
  await eventually(
    'the row',
    async () => (await environment.query('SELECT 1 FROM task')).length > length || undefined,
  );
  await age(id);
}
const age = (id: string) =>
  environment.query(`UPDATE task SET updated_at = now() - interval '3 minutes' WHERE id = $1`, [id]);

describe('a task that no queue has', () => {
  it('has failed as lost, once that was seen twice', async () => {
    const before = await repaired('lost');
    await quiet('a', sent('a'), happened('started', 'a'));
    await compare();
    expect(await row('a')).toMatchObject({ state: 'active' });
    await compare();
    expect(await row('a')).toMatchObject({
      state: 'failed',
      error_class: 'TaskLostError',
      error_code: null,
      finished_at: expect.any(Date) as Date,
    });
    expect(await outcomes('a')).toEqual(['lost']);
    expect(await repaired('lost')).toBe(before + 1);
  });

  it('is left alone while something was heard of it', async () => {
    await quiet('a', sent('a'));
    await compare();
    await environment.query(`UPDATE task SET updated_at = now() - interval '1 minute'`);
    await compare();
    await compare();
    expect(await row('a')).toMatchObject({ state: 'pending' });
    // Heard of in between, and quiet again: the first look counts no more.
    await age('a');
    await compare();
    node.emit(happened('started', 'a'));
    await eventually('the row', async () => ((await row('a'))?.state === 'active' ? true : undefined));
    await age('a');
    await compare();
    expect(await row('a')).toMatchObject({ state: 'active' });
  });

  it('is what whoever still knows says of it', async () => {
    await quiet('a', sent('a'), happened('started', 'a'));
    await compare();
    await compare();
    expect(await row('a')).toMatchObject({ state: 'failed' });
    node.emit(happened('succeeded', 'a'));
    await eventually('its end', async () => ((await row('a'))?.state === 'succeeded' ? true : undefined));
    expect(await row('a')).toMatchObject({ error_class: null });
    expect(await outcomes('a')).toEqual(['succeeded']);
  });

  it('was revoked when it has a tombstone', async () => {
    await quiet('a', sent('a'));
    const { client } = node.queue;
    await client.set(`${environment.env.REDIS_PREFIX}:revoked:a`, 'abort');
    await compare();
    await compare();
    expect(await row('a')).toMatchObject({ state: 'revoked', error_class: null });
  });
});

describe('a row that its queue contradicts', () => {
  it('has ended when its job has succeeded', async () => {
    await quiet('a', sent('a'), happened('started', 'a'));
    const job = await beginJob(node.queue, 'a');
    await job.moveToCompleted(JSON.stringify({ pages: 3 }), true);
    await compare();
    await compare();
    expect(await row('a')).toMatchObject({ state: 'succeeded', finished_at: expect.any(Date) as Date });
    expect(await outcomes('a')).toEqual(['succeeded']);
  });

  it('is left to the sweeper when its job has failed', async () => {
    await quiet('a', sent('a'), happened('started', 'a'));
    await failJob(node.queue, 'a');
    await compare();
    await compare();
    expect(await row('a')).toMatchObject({ state: 'active' });
  });

  it('waits again when it says that it runs, and no worker has it', async () => {
    await quiet('a', sent('a'), happened('started', 'a'));
    await quiet('b', sent('b'), happened('started', 'b'));
    await addJob(node.queue, 'a');
    await addJob(node.queue, 'b');
    await node.queue.client.lrem(node.queue.toKey('wait'), 0, 'b');
    await node.queue.client.zadd(node.queue.toKey('delayed'), Date.now() * 0x1000, 'b');
    await compare();
    await compare();
    expect(await row('a')).toMatchObject({ state: 'pending', starts: 1 });
    expect(await row('b')).toMatchObject({ state: 'scheduled' });
    expect(await outcomes('a')).toEqual(['lost']);
    // When it is begun again, that is news.
    node.emit(happened('started', 'a', 2));
    await eventually('the second start', async () =>
      (await row('a'))?.state === 'active' ? true : undefined,
    );
  });

  it('runs when it says that it waits, and a worker has it', async () => {
    await quiet('a', sent('a'));
    await beginJob(node.queue, 'a');
    await compare();
    await compare();
    expect(await row('a')).toMatchObject({ state: 'active', starts: 1 });
  });

  it('stays as it is when its queue says the same', async () => {
    await quiet('a', sent('a'));
    await quiet('b', sent('b'), happened('started', 'b'));
    await beginJob(node.queue, 'b');
    await addJob(node.queue, 'a');
    await compare();
    await compare();
    expect(await row('a')).toMatchObject({ state: 'pending', seq: 0 });
    expect(await row('b')).toMatchObject({ state: 'active' });
  });

  it('is repaired once by several that compare at once', async () => {
    for (let n = 0; n < 50; n++) node.emit(sent(`t${n}`));
    await eventually(
      'rows',
      async () => (await environment.query('SELECT 1 FROM task')).length === 50 || undefined,
    );
    await environment.query(`UPDATE task SET updated_at = now() - interval '3 minutes'`);
    const other = await startHistoryNode(environment.env);
    try {
      const before = await repaired('lost');
      for (let time = 0; time < 2; time++)
        await Promise.all([compare(), other.get(TaskReconciler).runOnce()]);
      const counted =
        (await repaired('lost')) - before + (await other.metric('task_reconciled_total', 'lost'));
      expect(counted).toBe(50);
    } finally {
      await other.close();
    }
  });
});

describe('jobs without a row', () => {
  it('get one, when they are older than what is on its way', async () => {
    await quiet('known', happened('succeeded', 'known'));
    for (const id of ['done', 'runs']) await beginJob(node.queue, id);
    await (await node.queue.getJob('done'))!.moveToCompleted('{"n":1}', true, true);
    for (const id of ['young', 'known', 'waits', 'later']) await addJob(node.queue, id);
    await node.queue.client.lrem(node.queue.toKey('wait'), 0, 'later');
    await node.queue.client.zadd(node.queue.toKey('delayed'), (Date.now() + 3_600_000) * 0x1000, 'later');
    const old = Date.now() - 180_000;
    for (const id of ['waits', 'runs', 'done', 'later', 'known'])
      await node.queue.client.hset(node.queue.toKey(id), 'timestamp', old);
    await node.queue.client.hset(node.queue.toKey('done'), 'finishedOn', old);
    const before = await repaired('missing');
    await node.get(MissingRows).runOnce();
    expect(await environment.query('SELECT id, state FROM task ORDER BY id')).toEqual([
      { id: 'done', state: 'succeeded' },
      { id: 'known', state: 'succeeded' },
      { id: 'later', state: 'scheduled' },
      { id: 'runs', state: 'active' },
      { id: 'waits', state: 'pending' },
    ]);
    expect(await repaired('missing')).toBe(before + 4);
    await node.get(MissingRows).runOnce();
    expect(await repaired('missing')).toBe(before + 4);
  });

  it('are found in queues that are longer than one look', async () => {
    const jobs = Array.from({ length: 1234 }, (_, n) => ({
      name: 'lab.noop',
      data: { version: 1, payload: {}, enqueuedAt: 1, headers: {} },
      opts: { jobId: `t${n}`, timestamp: Date.now() - 180_000 },
    }));
    await node.queue.addBulk(jobs);
    await node.get(MissingRows).runOnce();
    expect(
      await environment.query(`SELECT count(*)::int AS tasks FROM task WHERE state = 'pending'`),
    ).toEqual([{ tasks: 1234 }]);
  });
});
