import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { Transactions } from '../../src/core/database/index.js';
import { eachOnce } from '../support/task-lab/each-once.js';
import { labTasks } from '../support/task-lab/lab-tasks.js';
import { TaskLab } from '../support/task-lab/task-lab.js';

const COUNT = 50;

let lab: TaskLab;

beforeAll(async () => {
  lab = await TaskLab.open();
});
afterEach(async () => lab.clear());
afterAll(async () => lab?.[Symbol.asyncDispose]());

it('two schedulers, one of which is killed: each task ends once, and each failure is one dead letter', async () => {
  const [first] = await Promise.all([lab.start({ MODE: 'scheduler' }), lab.start({ MODE: 'scheduler' })]);
  const worker = { WORKER_LOCK_DURATION_MS: '2000', WORKER_CONCURRENCY: '60' };
  const victim = await lab.start(worker);
  await lab.start(worker);
  const many = (payload: object) => Array.from({ length: COUNT }, () => payload);
  const good = await lab.tasks.enqueueMany(labTasks.work, many({ ms: 1500 }));
  const bad = await lab.tasks.enqueueMany(labTasks.fail, many({ message: 'always' }));
  // From the outbox, which every process empties.
  const outbox = await lab.app.get(Transactions, { strict: false }).run(async (manager) => {
    const sent: string[] = [];
    for (const payload of many({ ms: 500 })) {
      const { id } = await lab.tasks.enqueue(labTasks.work, payload, { within: manager });
      sent.push(id);
    }
    return sent;
  });
  await lab.reached('begun', COUNT);
  first.kill('SIGKILL');
  victim.kill('SIGKILL');
  await eachOnce(lab, [...good.map(({ id }) => id), ...outbox]);
  const letters = async () => lab.environment.query('SELECT count(*)::int FROM dead_letter');
  await expect.poll(letters, { timeout: 40_000 }).toEqual([{ count: COUNT }]);
  const failed = async () =>
    lab.environment.query('SELECT state, count(*)::int FROM task WHERE id = ANY($1) GROUP BY state', [
      bad.map(({ id }) => id),
    ]);
  await expect.poll(failed, { timeout: 20_000 }).toEqual([{ state: 'failed', count: COUNT }]);
});
