import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type WorkerCommand, WorkerCommands, Workers } from '../../src/platform/workers/index.js';
import { eventually } from '../support/eventually.js';
import { labTasks } from '../support/task-lab/lab-tasks.js';
import { type LabProcess, TaskLab } from '../support/task-lab/task-lab.js';

let lab: TaskLab;
/** Those of earlier tests, which were killed, are still listed for a while. */
let workerId: string;

beforeAll(async () => {
  lab = await TaskLab.open();
});
afterEach(async () => lab.clear());
afterAll(async () => lab?.[Symbol.asyncDispose]());

/** The only answer to a command. */
async function tell(command: WorkerCommand): Promise<unknown> {
  const { replies, silent } = await lab.app
    .get(WorkerCommands, { strict: false })
    .send(command, { destinations: [workerId] });
  expect(silent).toEqual([]);
  expect(replies).toHaveLength(1);
  expect(replies[0]).toMatchObject({ ok: true });
  return (replies[0] as { result: unknown }).result;
}

/** Starts the only worker, and waits until it is known. */
async function start(env: Record<string, string> = {}): Promise<LabProcess> {
  const worker = await lab.start(env);
  ({ id: workerId } = await eventually('the worker to be known', async () =>
    (await lab.app.get(Workers, { strict: false }).list()).find(
      ({ pid, state }) => pid === worker.pid && state === 'online',
    ),
  ));
  return worker;
}

const flood = async (count: number, ms = 60_000): Promise<void> =>
  void (await lab.tasks.enqueueMany(
    labTasks.work,
    Array.from({ length: count }, () => ({ ms })),
  ));
const active = async (): Promise<number> => ((await tell({ type: 'active' })) as { count: number }).count;
const runs = async (count: number): Promise<void> => {
  await eventually(`${count} running tasks`, async () => ((await active()) === count ? true : undefined));
};

describe('a worker does at once what it is told', () => {
  it('grows, shrinks as tasks end, and is brought to a size', async () => {
    await start({ WORKER_CONCURRENCY: '3' });
    await flood(30);
    await runs(2);
    expect(await tell({ type: 'pool.grow', by: 6 })).toEqual({ concurrency: 9 });
    await runs(7);
    expect(await tell({ type: 'pool.shrink', by: 4 })).toEqual({ concurrency: 5 });
    expect(await active()).toBe(7);
    expect(await tell({ type: 'pool.resize', to: 12 })).toEqual({ concurrency: 12 });
    await runs(10);
  });

  it('scales by itself between bounds while tasks wait', async () => {
    await start({ WORKER_CONCURRENCY: '3' });
    await flood(60);
    await tell({ type: 'pool.autoscale', bounds: { min: 2, max: 15 } });
    await runs(13);
    expect(await tell({ type: 'stats' })).toMatchObject({ concurrency: 15, autoscale: { min: 2, max: 15 } });
  });

  it('leaves a queue, and comes back to it', async () => {
    await start();
    expect(await tell({ type: 'queue.cancel-consumer', queue: 'default' })).toMatchObject({
      queues: expect.arrayContaining([{ name: 'default', consuming: false }]),
    });
    await flood(1, 0);
    await lab.tasks.enqueue(labTasks.workHigh, {}, { id: 'elsewhere' });
    await lab.reached('ended', 1);
    expect((await lab.effects('begun')).map(({ taskId }) => taskId)).toEqual(['elsewhere']);
    await tell({ type: 'queue.add-consumer', queue: 'default' });
    await lab.reached('ended', 2);
  });

  it('pauses, with what runs going on, and resumes', async () => {
    await start();
    await lab.tasks.enqueue(labTasks.work, { ms: 600 }, { id: 'before' });
    await lab.reached('begun', 1);
    expect(await tell({ type: 'pause' })).toEqual({ paused: true });
    await lab.tasks.enqueue(labTasks.work, {}, { id: 'during' });
    await lab.reached('ended', 1);
    expect((await lab.effects('begun')).map(({ taskId }) => taskId)).toEqual(['before']);
    expect(await tell({ type: 'resume' })).toEqual({ paused: false });
    await lab.reached('ended', 2);
  });

  it('revokes what runs there', async () => {
    const worker = await start();
    await lab.tasks.enqueue(labTasks.work, { ms: 60_000 }, { id: 'doomed' });
    await lab.reached('begun', 1);
    expect(await tell({ type: 'revoke', ids: ['doomed', 'other'], how: 'abort' })).toEqual({
      revoked: ['doomed'],
    });
    await worker.until('it to be revoked', async () => worker.lines('task revoked')[0]);
  });

  it('shuts down warmly: what runs is finished, nothing else is begun', async () => {
    const worker = await start();
    await lab.tasks.enqueue(labTasks.work, { ms: 1000 }, { id: 'finishing' });
    await lab.reached('begun', 1);
    expect(await tell({ type: 'shutdown' })).toEqual({ shuttingDown: true });
    await lab.tasks.enqueue(labTasks.work, {}, { id: 'too-late' });
    expect(await worker.exit(), worker.log).toBe(0);
    expect((await lab.effects()).map(({ taskId, what }) => `${taskId} ${what}`)).toEqual([
      'finishing begun',
      'finishing ended',
    ]);
    const workers = await lab.app.get(Workers, { strict: false }).list();
    expect(workers.find(({ pid }) => pid === worker.pid)?.state).toBe('stopped');
  });

  it('tells what it can run, what runs, and what it has done', async () => {
    await start();
    await lab.tasks.enqueue(labTasks.work, {}, { id: 'done' });
    await lab.tasks.enqueue(labTasks.isolated, { do: 'wait' }, { id: 'isolated' });
    await lab.reached('ended', 1);
    expect(await tell({ type: 'registered' })).toMatchObject({
      tasks: expect.arrayContaining([
        expect.objectContaining({ name: 'scrape.run', queue: 'default', isolated: false }),
        expect.objectContaining({ name: 'lab.isolated', isolated: true }),
      ]),
    });
    const running = await eventually('the isolated task', async () => {
      const { tasks } = (await tell({ type: 'active' })) as { tasks: { id: string; pid?: number }[] };
      return tasks.find(({ id, pid }) => id === 'isolated' && pid !== undefined);
    });
    expect(running).toMatchObject({ name: 'lab.isolated', attempt: 1, start: 1 });
    expect(JSON.stringify(running)).not.toContain('wait');
    expect(await tell({ type: 'stats' })).toMatchObject({ totals: { processed: 1, succeeded: 1 } });
  });
});
