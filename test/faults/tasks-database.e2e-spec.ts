import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { createEnvironment } from '../support/environment.js';
import { OwnPostgres } from '../support/own-postgres.js';
import { eachOnce } from '../support/task-lab/each-once.js';
import { labTasks } from '../support/task-lab/lab-tasks.js';
import { TaskLab } from '../support/task-lab/task-lab.js';

const COUNT = 50;
const WORKER = { WORKER_LOCK_DURATION_MS: '2000', WORKER_CONCURRENCY: '20' };

let postgres: OwnPostgres;
let lab: TaskLab;

beforeAll(async () => {
  postgres = await OwnPostgres.provide('tasks-postgres');
  // Servers of tests do not wait for their disk; this one's promises are to hold.
  await postgres.query(
    `ALTER DATABASE ${new URL(postgres.url).pathname.slice(1)} SET synchronous_commit = on`,
  );
  const shared = await createEnvironment({ DATABASE_URL: postgres.url });
  lab = await TaskLab.open({}, { ...shared, query: async (sql, values) => postgres.query(sql, values) });
});
afterEach(async () => lab.clear());
afterAll(async () => {
  await lab?.[Symbol.asyncDispose]();
  await postgres?.dispose();
});

const enqueue = async (): Promise<string[]> => {
  const payloads = Array.from({ length: COUNT }, () => ({ ms: 600 }));
  return (await lab.tasks.enqueueMany(labTasks.patient, payloads)).map(({ id }) => id);
};

it('PostgreSQL is killed while tasks run: each has its effect once, and the history tells of all', async () => {
  await lab.start(WORKER);
  await lab.start(WORKER);
  const ids = await enqueue();
  await lab.reached('ended', COUNT / 5);
  await postgres.kill();
  await postgres.start();
  await eachOnce(lab, ids);
  // Each start that could tell how it ended has told it.
  const open = await postgres.query(
    'SELECT 1 FROM task_attempt WHERE task_id = ANY($1) AND outcome IS NULL',
    [ids],
  );
  expect(open).toEqual([]);
});

it('a worker is killed while PostgreSQL is away: what it could not tell is told by others', async () => {
  const victim = await lab.start(WORKER);
  await lab.start({ ...WORKER, MODE: 'all' });
  const ids = await enqueue();
  await lab.reached('begun', COUNT / 5);
  await postgres.kill();
  victim.kill('SIGKILL');
  await victim.exit();
  await postgres.start();
  await eachOnce(lab, ids);
  expect(await postgres.query('SELECT 1 FROM task_outbox')).toEqual([]);
});
