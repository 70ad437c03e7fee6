import { readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Transactions } from '../../src/core/database/index.js';
import { Queues } from '../../src/platform/queues/index.js';
import type { TaskDefinition } from '../../src/platform/queues/tasks/task.js';
import { eventually } from '../support/eventually.js';
import { labTasks } from '../support/task-lab/lab-tasks.js';
import { type LabProcess, TaskLab } from '../support/task-lab/task-lab.js';

let lab: TaskLab;

beforeAll(async () => {
  lab = await TaskLab.open();
});
afterEach(async () => lab.clear());
afterAll(async () => lab?.[Symbol.asyncDispose]());

const ended = async (id: string, deadlineMs?: number, task: TaskDefinition = labTasks.work) =>
  eventually(
    `the end of ${id}`,
    async () => ((await lab.tasks.stateOf(task, id)) === 'ended' ? true : undefined),
    deadlineMs,
  );
const said = async (worker: LabProcess, msg: string, count = 1, deadlineMs?: number) =>
  worker.until(
    `${count} × "${msg}"`,
    async () => (worker.lines(msg).length >= count ? worker.lines(msg) : undefined),
    deadlineMs,
  );

describe('enqueueing', () => {
  it('runs a task once, whoever enqueues it again under its id', async () => {
    const first = await lab.tasks.enqueue(labTasks.work, {}, { id: 'once' });
    const second = await lab.tasks.enqueue(labTasks.work, {}, { id: 'once' });
    expect([first, second]).toEqual([
      { id: 'once', created: true, via: 'queue' },
      { id: 'once', created: false, via: 'queue' },
    ]);
    await lab.start();
    await ended('once');
    expect(await lab.effects()).toEqual([
      { taskId: 'once', start: 1, what: 'begun' },
      { taskId: 'once', start: 1, what: 'ended' },
    ]);
  });

  it('of many at once tells the id of each, and all of them run', async () => {
    const payloads = Array.from({ length: 1234 }, (_, n) => ({ n }));
    const enqueued = await lab.tasks.enqueueMany(labTasks.work, payloads);
    expect(enqueued.every(({ created }) => created)).toBe(true);
    expect(new Set(enqueued.map(({ id }) => id)).size).toBe(1234);
    await lab.start({ WORKER_CONCURRENCY: '50' });
    const effects = await lab.reached('ended', 1234, 40_000);
    expect(new Set(effects.map(({ taskId }) => taskId))).toEqual(new Set(enqueued.map(({ id }) => id)));
  });

  it('refuses what does not fit, and what is too large', async () => {
    await expect(lab.tasks.enqueue(labTasks.work, [] as never)).rejects.toThrow(/payload of lab\.work/);
    await expect(lab.tasks.enqueue(labTasks.work, { text: 'x'.repeat(257 * 1024) })).rejects.toThrow(/bytes/);
    await expect(lab.tasks.enqueue(labTasks.work, {}, { id: 'a:b' })).rejects.toThrow(
      /id: expected 1 to 128/,
    );
    // Keys of Bull's.
    await expect(lab.tasks.enqueue(labTasks.work, {}, { id: 'active' })).rejects.toThrow(
      /id: expected 1 to 128/,
    );
  });

  it('with a key adds nothing while a task with the key is there, and another one after it has ended', async () => {
    const [a, b] = await Promise.all([
      lab.tasks.enqueue(labTasks.keyed, { key: 'k' }),
      lab.tasks.enqueue(labTasks.keyed, { key: 'k' }),
    ]);
    expect(a.id).toBe(b.id);
    expect(a.created).not.toBe(b.created);
    const other = await lab.tasks.enqueue(labTasks.keyed, { key: 'another' });
    expect(other.created).toBe(true);
    await lab.start();
    await ended(a.id);
    const next = await lab.tasks.enqueue(labTasks.keyed, { key: 'k' });
    expect(next.created).toBe(true);
    expect(next.id).not.toBe(a.id);
  });
});

describe('times', () => {
  it('a task is not begun before its eta', async () => {
    await lab.start();
    const eta = new Date(Date.now() + 1500);
    await lab.tasks.enqueue(labTasks.work, {}, { id: 'later', eta });
    await lab.tasks.enqueue(labTasks.work, {}, { id: 'now' });
    await ended('later');
    const [{ at } = { at: new Date(0) }] = await lab.environment.query<{ at: Date }>(
      `SELECT at FROM lab_effect WHERE task_id = 'later' AND what = 'begun'`,
    );
    expect(at.getTime()).toBeGreaterThanOrEqual(eta.getTime());
  });

  it('a task is not begun after it has expired', async () => {
    await lab.tasks.enqueue(labTasks.work, {}, { id: 'stale', expiresAt: new Date(Date.now() - 1) });
    await lab.tasks.enqueue(labTasks.work, {}, { id: 'fresh', expiresAt: new Date(Date.now() + 60_000) });
    const worker = await lab.start();
    await ended('fresh');
    await said(worker, 'task expired before it was begun');
    expect(await lab.effects('begun')).toEqual([{ taskId: 'fresh', start: 1, what: 'begun' }]);
  });

  it('a handler that takes no notice of its deadline is never run beside its retry', async () => {
    await lab.tasks.enqueue(labTasks.deaf, { ms: 1200 }, { id: 'deaf' });
    const worker = await lab.start();
    await said(worker, 'task failed for good', 1, 20_000);
    const order = (await lab.effects()).map(({ start, what }) => `${start} ${what}`);
    expect(order).toEqual(['1 begun', '1 returned', '2 begun', '2 returned']);
  });
});

describe('revoking', () => {
  it('takes waiting and scheduled tasks out, and they never begin', async () => {
    await lab.tasks.enqueue(labTasks.work, {}, { id: 'in-line' });
    await lab.tasks.enqueue(labTasks.work, {}, { id: 'put-off', eta: new Date(Date.now() + 500) });
    expect(await lab.revocations.revoke(['in-line', 'put-off', 'unheard-of'])).toEqual([
      { id: 'in-line', was: 'waiting' },
      { id: 'put-off', was: 'scheduled' },
      { id: 'unheard-of', was: 'unknown' },
    ]);
    // Also what comes in later under an id that was revoked.
    await lab.tasks.enqueue(labTasks.work, {}, { id: 'unheard-of' });
    await lab.tasks.enqueue(labTasks.work, {}, { id: 'last', eta: new Date(Date.now() + 1000) });
    await lab.start();
    await ended('last');
    expect(await lab.effects('begun')).toEqual([{ taskId: 'last', start: 1, what: 'begun' }]);
  });

  it('stops an active task within a second, and it is not tried again', async () => {
    const worker = await lab.start();
    await lab.tasks.enqueue(labTasks.work, { ms: 30_000 }, { id: 'running' });
    await lab.reached('begun', 1);
    expect(await lab.revocations.revoke(['running'])).toEqual([{ id: 'running', was: 'active' }]);
    await said(worker, 'task revoked', 1, 1500);
    await lab.tasks.enqueue(labTasks.work, {}, { id: 'after' });
    await ended('after');
    expect((await lab.effects()).map(({ taskId, what }) => `${taskId} ${what}`)).toEqual([
      'running begun',
      'after begun',
      'after ended',
    ]);
  });
});

describe('what a task has cost', () => {
  it('is in the line of its end, also when another process did it; above a second at level warn', async () => {
    const worker = await lab.start();
    await lab.tasks.enqueue(labTasks.work, { ms: 1500 }, { id: 'slow' });
    await lab.tasks.enqueue(labTasks.isolated, { do: 'query' }, { id: 'apart' });
    await lab.tasks.enqueue(labTasks.noop, {}, { id: 'quick' });
    const lines = await said(worker, 'task succeeded', 3);
    const of = (id: string) => lines.find(({ taskId }) => taskId === id);
    expect(of('slow')).toMatchObject({ level: 'warn', slow: true, queries: 2 });
    expect(of('apart')).toMatchObject({ queries: 1, querySeconds: expect.any(Number) });
    expect(of('quick')).toMatchObject({ level: 'info' });
    expect(of('quick')).not.toHaveProperty('queries');
  });
});

describe('isolated tasks', () => {
  it('run in another process, which serves the next one, too', async () => {
    const worker = await lab.start();
    await lab.tasks.enqueueMany(labTasks.isolated, [{}]);
    await said(worker, 'task succeeded');
    await lab.tasks.enqueueMany(labTasks.isolated, [{}]);
    await said(worker, 'task succeeded', 2);
    expect(await childrenOf(worker.pid)).toHaveLength(1);
  });

  it('that throw fail with their own error, and that end their process with that', async () => {
    const worker = await lab.start();
    await lab.tasks.enqueueMany(labTasks.isolated, [{ do: 'throw' }, { do: 'exit' }]);
    const failures = await said(worker, 'task failed for good', 2);
    const types = failures.map(({ err }) => (err as { type: string; message: string }).message).sort();
    expect(types).toEqual([
      'The process of the task lab.isolated ended before it was done: exit code 7.',
      'from afar',
    ]);
  });

  it('that block everything are killed after their deadline and grace, and the worker goes on', async () => {
    const worker = await lab.start();
    await lab.tasks.enqueue(labTasks.isolated, { do: 'spin' }, { id: 'spin' });
    await said(worker, 'task started');
    await lab.tasks.enqueue(labTasks.work, {}, { id: 'meanwhile' });
    await ended('meanwhile');
    const [failure] = await said(worker, 'task failed for good', 1, 20_000);
    expect(failure).toMatchObject({ taskId: 'spin', err: { type: 'TaskDeadlineError' } });
  });

  it('are killed at once when they are terminated, and not tried again', async () => {
    const worker = await lab.start();
    await lab.tasks.enqueue(labTasks.isolated, { do: 'spin' }, { id: 'doomed' });
    await said(worker, 'task started');
    await lab.revocations.revoke(['doomed'], 'terminate');
    await said(worker, 'task revoked', 1, 1500);
    expect(worker.lines('task started')).toHaveLength(1);
  });

  it('end with their worker, however it ends', async () => {
    const worker = await lab.start();
    await lab.tasks.enqueue(labTasks.isolated, { do: 'wait' }, { id: 'orphan' });
    await said(worker, 'task started');
    const pids = await childrenOf(worker.pid);
    expect(pids).toHaveLength(1);
    worker.kill('SIGKILL');
    await worker.exit();
    await eventually('its process to end', async () =>
      pids.every((pid) => !isAlive(pid)) ? true : undefined,
    );
  });
});

describe('the outbox', () => {
  const transactions = () => lab.app.get(Transactions, { strict: false });

  it('sends a task when its transaction has committed, and nothing when it was rolled back', async () => {
    await lab.start();
    const undone = transactions().run(async (manager) => {
      await lab.tasks.enqueue(labTasks.work, {}, { id: 'undone', within: manager });
      throw new Error('rolled back');
    });
    await expect(undone).rejects.toThrow('rolled back');
    await transactions().run(async (manager) => {
      await lab.tasks.enqueue(labTasks.work, { text: 'a\0b' }, { id: 'committed', within: manager });
      // Others do not see it yet.
      expect(await lab.environment.query('SELECT 1 FROM task_outbox')).toEqual([]);
    });
    await ended('committed');
    expect(await lab.environment.query('SELECT 1 FROM task_outbox')).toEqual([]);
    expect((await lab.effects('begun')).map(({ taskId }) => taskId)).toEqual(['committed']);
  });

  it('makes one task of one row, also when a sender dies after it has sent it', async () => {
    await lab.start();
    const send = async (): Promise<void> => {
      await transactions().run(async (manager) => {
        await lab.tasks.enqueue(labTasks.work, {}, { id: 'sent-twice', within: manager });
      });
      await eventually('the outbox to be empty', async () =>
        (await lab.environment.query('SELECT 1 FROM task_outbox')).length === 0 ? true : undefined,
      );
    };
    await send();
    await ended('sent-twice');
    // All that Redis remembers of it but for the mark; this is as if it had ended long ago.
    await lab.app.get(Queues, { strict: false }).of('default').clean(0, 'completed');
    await send();
    await lab.tasks.enqueue(labTasks.work, {}, { id: 'behind-it' });
    await ended('behind-it');
    expect((await lab.effects('begun')).map(({ taskId }) => taskId)).toEqual(['sent-twice', 'behind-it']);
  });

  it('can be revoked from', async () => {
    await lab.environment.query(
      `INSERT INTO task_outbox (id, name, queue, envelope, options, created_at)
       SELECT 'unsent', 'lab.work', 'default', '{"version":1,"payload":{},"enqueuedAt":0}',
         '{"maxAttempts":1,"backoff":{"baseMs":1,"maxMs":1},"critical":false}', now()`,
    );
    const [outcome] = await lab.revocations.revoke(['unsent']);
    // The relay of a process may have been quicker.
    expect(['outbox', 'waiting']).toContain(outcome?.was);
    await lab.start();
    await lab.tasks.enqueue(labTasks.work, {}, { id: 'after-it' });
    await ended('after-it');
    expect((await lab.effects('begun')).map(({ taskId }) => taskId)).toEqual(['after-it']);
  });
});

describe('limits that operators set', () => {
  it('a rate holds over all workers', async () => {
    await lab.limits.setRate(labTasks.work.name, '4/s');
    await Promise.all([lab.start(), lab.start()]);
    await lab.tasks.enqueueMany(
      labTasks.work,
      Array.from({ length: 13 }, () => ({})),
    );
    await lab.reached('ended', 13);
    await lab.limits.setRate(labTasks.work.name, null);
    const rows = await lab.environment.query<{ at: Date }>(
      `SELECT at FROM lab_effect WHERE what = 'begun' ORDER BY at`,
    );
    const times = rows.map(({ at }) => at.getTime());
    expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(2900);
  });

  it('a time limit holds for what begins after it', async () => {
    const worker = await lab.start();
    await lab.limits.setTime(labTasks.work.name, { softMs: 100 });
    await lab.tasks.enqueue(
      labTasks.work,
      { ms: 20_000 },
      { id: 'limited', eta: new Date(Date.now() + 2500) },
    );
    const [line] = await said(worker, 'task failed; it will be tried again');
    expect(line).toMatchObject({ taskId: 'limited', err: { type: 'TaskDeadlineError' } });
    await lab.limits.setTime(labTasks.work.name, null);
    await lab.revocations.revoke(['limited']);
  });
});

describe('queues that share the slots of a worker', () => {
  it('a flood of long tasks in one leaves room for the others', async () => {
    await lab.tasks.enqueueMany(
      labTasks.workLow,
      Array.from({ length: 40 }, () => ({ ms: 30_000 })),
    );
    await lab.start();
    await lab.reached('begun', 8);
    await lab.tasks.enqueue(labTasks.workHigh, {}, { id: 'urgent' });
    await ended('urgent', 3000, labTasks.workHigh);
    expect((await lab.effects('begun')).length).toBe(9);
  });

  it('a flood in the most urgent one does not starve the least', async () => {
    await lab.tasks.enqueueMany(
      labTasks.workHigh,
      Array.from({ length: 400 }, () => ({ ms: 20 })),
    );
    const low = await lab.tasks.enqueueMany(
      labTasks.workLow,
      Array.from({ length: 10 }, () => ({ ms: 20 })),
    );
    await lab.start();
    const ends = await lab.reached('ended', 410, 30_000);
    const ids = new Set(low.map(({ id }) => id));
    const last = ends.findLastIndex(({ taskId }) => ids.has(taskId));
    expect(last).toBeLessThan(250);
  });
});

async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text.trim().split(' ').filter(Boolean).map(Number);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
