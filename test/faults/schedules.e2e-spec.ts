import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { Program } from '../support/program.js';
import { hourly, type ScheduleNode, startScheduleNode, YEARLY } from '../support/schedule-node.js';

const COUNT = 60;
/** Due once a year: what makes it due here is the test alone. */
const yearly = { target: 'test.count', ...YEARLY };

let environment: TestEnvironment;
let node: ScheduleNode;
let schedulers: Program[];
let round: number;

beforeEach(async () => {
  // A frozen process loses its transaction, and with it its locks, after this time.
  environment = await createEnvironment({ DATABASE_IDLE_TRANSACTION_TIMEOUT_MS: '1000' });
  await environment.query('CREATE TABLE fired (schedule_id uuid, slot timestamptz, pid integer)');
  node = await startScheduleNode(environment.env);
  schedulers = [];
  round = 0;
  for (let n = 0; n < COUNT; n++) await node.schedules.put(`s${n}`, hourly(yearly));
});

afterEach(async () => {
  for (const scheduler of schedulers) {
    scheduler.kill('SIGKILL');
    await scheduler.exit();
  }
  await node.close();
  await environment.dispose();
});

async function startScheduler(staysMs = 0): Promise<Program> {
  const scheduler = new Program(process.execPath, ['test/support/fire-schedules.mjs', String(staysMs)], {
    env: { PATH: process.env.PATH, ...environment.env },
  });
  schedulers.push(scheduler);
  await scheduler.until(
    'it is ready',
    async () => (scheduler.log.includes('ready') ? true : undefined),
    60_000,
  );
  return scheduler;
}

/** Makes every schedule due, each time for another slot. */
async function makeDue(): Promise<void> {
  round++;
  await environment.query(`UPDATE schedule SET next_slot = $1::timestamptz, next_run_at = $1::timestamptz`, [
    `${2000 + round}-01-01T00:00:00Z`,
  ]);
}

async function countDue(): Promise<number> {
  const [row] = await environment.query<{ due: number }>(
    'SELECT count(*)::int AS due FROM schedule WHERE next_run_at <= now()',
  );
  return row?.due ?? Number.NaN;
}

const allFired = (): Promise<true> =>
  eventually('every schedule to fire', async () => ((await countDue()) === 0 ? true : undefined));

/** Makes schedules due until the process is in the middle of its fifth slot; the others may have had all the rest. */
async function untilInside(scheduler: Program): Promise<void> {
  const isInside = (): boolean => scheduler.log.includes('inside');
  while (!isInside()) {
    await makeDue();
    await eventually('a slot to be in the middle of', async () =>
      isInside() || (await countDue()) === 0 ? true : undefined,
    );
  }
}

/** Whatever happened: every schedule once in every round. */
async function expectEverySlotOnce(): Promise<void> {
  const rows = await environment.query<{ times: number }>(
    'SELECT count(*)::int AS times FROM fired GROUP BY schedule_id, slot',
  );
  expect(rows.filter(({ times }) => times !== 1)).toEqual([]);
  expect(rows).toHaveLength(COUNT * round);
  expect(await environment.query(`SELECT 1 FROM schedule WHERE last_outcome <> 'fired'`)).toEqual([]);
}

async function firedBy({ pid }: Program): Promise<number> {
  return (await environment.query('SELECT 1 FROM fired WHERE pid = $1', [pid])).length;
}

describe('three schedulers', () => {
  it('fire every slot once, also the one in whose middle one of them is killed', async () => {
    const [victim] = await Promise.all([startScheduler(600_000), startScheduler(), startScheduler()]);
    await untilInside(victim);
    victim.kill('SIGKILL');
    await victim.exit();
    await allFired();
    // What it had not committed has not happened; another one did it.
    expect(await firedBy(victim)).toBe(4);
    for (let further = 0; further < 3; further++) {
      await makeDue();
      await allFired();
    }
    await expectEverySlotOnce();
  }, 150_000);

  it('do so also when one of them is frozen in the middle of a slot; it wakes up too late to fire it', async () => {
    const [sleeper] = await Promise.all([startScheduler(3000), startScheduler(), startScheduler()]);
    await untilInside(sleeper);
    sleeper.kill('SIGSTOP');
    await allFired();
    expect(await firedBy(sleeper)).toBe(4);
    sleeper.kill('SIGCONT');
    // It lives on.
    await eventually(
      'the sleeper to fire again',
      async () => {
        await makeDue();
        await allFired();
        return (await firedBy(sleeper)) > 4 ? true : undefined;
      },
      40_000,
    );
    await expectEverySlotOnce();
  }, 150_000);
});

describe('an edit', () => {
  it('reaches a scheduler that runs within five seconds', async () => {
    await startScheduler();
    const { id } = await node.schedules.put('s0', hourly({ ...yearly, cron: '* * * * * *' }));
    const fired = (): Promise<unknown[]> =>
      environment.query('SELECT 1 FROM fired WHERE schedule_id = $1', [id]);
    await eventually('it to fire', async () => ((await fired()).length > 0 ? true : undefined), 5000);
    // Nothing is under way when this has returned, and nothing begins after it.
    await node.schedules.remove('s0');
    const before = (await fired()).length;
    await makeDue();
    await allFired();
    expect(await fired()).toHaveLength(before);
  });
});
