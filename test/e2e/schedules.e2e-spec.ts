import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import {
  after,
  ASKED,
  askedSlots,
  HOUR,
  hourly,
  type ScheduleNode,
  startScheduleNode,
  YEARLY,
} from '../support/schedule-node.js';

let environment: TestEnvironment;
let node: ScheduleNode;

beforeAll(async () => {
  environment = await createEnvironment();
  await environment.query(ASKED);
});

beforeEach(async () => {
  await environment.query('TRUNCATE schedule, asked');
  node = await startScheduleNode(environment.env);
  return () => node.close();
});

afterAll(async () => environment?.dispose());

const asked = (): Promise<Date[]> => askedSlots(environment);

const outcomes = async (): Promise<Record<string, number>> => {
  const [fired, skipped, waiting, replaced] = await Promise.all(
    ['fired', 'skipped', 'waiting', 'replaced'].map((outcome) => node.metric('fired_total', outcome)),
  );
  return { fired: fired!, skipped: skipped!, waiting: waiting!, replaced: replaced! };
};

describe('a slot', () => {
  it('fires when it is due and not before, and the row tells what was and what comes', async () => {
    const { nextSlot, nextRunAt } = await node.schedules.put('a', hourly());
    expect(nextRunAt).toEqual(nextSlot);
    expect(nextSlot?.getTime()).toBeGreaterThan(Date.now() - 60_000);
    await node.runner.runOnce(after(nextSlot, -1));
    expect(await asked()).toEqual([]);

    await node.runner.runOnce(after(nextSlot, 400));
    expect(await environment.query('SELECT payload, slot, overlap FROM asked')).toEqual([
      { payload: { id: 1 }, slot: nextSlot, overlap: 'skip' },
    ]);
    const row = await node.schedules.get('a');
    expect(row).toMatchObject({
      lastSlot: nextSlot,
      lastRunAt: after(nextSlot, 400),
      lastOutcome: 'fired',
      nextSlot: after(nextSlot, HOUR),
      nextRunAt: after(nextSlot, HOUR),
    });
    // Firing is no edit.
    expect(row.updatedAt).toEqual(row.createdAt);

    await node.runner.runOnce(after(nextSlot, HOUR - 1));
    expect(await asked()).toHaveLength(1);
    await node.runner.runOnce(after(nextSlot, HOUR));
    expect(await asked()).toEqual([nextSlot, after(nextSlot, HOUR)]);
    expect(await node.metric('lag_seconds')).toBeGreaterThan(0);
  });

  it('is late by its jitter, which the row shows beforehand', async () => {
    const { nextSlot, nextRunAt } = await node.schedules.put('a', hourly({ jitterSeconds: 3600 }));
    expect(nextRunAt?.getTime()).toBeGreaterThan(nextSlot!.getTime());
    await node.runner.runOnce(after(nextRunAt, -1));
    expect(await asked()).toEqual([]);
    await node.runner.runOnce(nextRunAt!);
    expect(await asked()).toEqual([nextSlot]);
    expect((await node.schedules.get('a')).nextSlot).toEqual(after(nextSlot, HOUR));
  });

  it('stands for all that were missed while nobody looked', async () => {
    const { nextSlot } = await node.schedules.put('a', hourly());
    await node.runner.runOnce(after(nextSlot, 100 * HOUR + 1));
    expect(await asked()).toEqual([nextSlot]);
    expect((await node.schedules.get('a')).nextSlot).toEqual(after(nextSlot, 101 * HOUR));
  });

  it("is due by PostgreSQL's clock, whatever this process believes", async () => {
    await node.schedules.put('a', hourly(YEARLY));
    await environment.query(
      `UPDATE schedule SET next_slot = now() - interval '1 s', next_run_at = now() - interval '1 s'`,
    );
    await node.runner.runOnce();
    expect(await asked()).toHaveLength(1);
    const [row] = await environment.query<{ ahead: boolean }>(
      'SELECT next_run_at > now() AS ahead FROM schedule',
    );
    expect(row).toEqual({ ahead: true });
    await node.runner.runOnce();
    expect(await asked()).toHaveLength(1);
  });

  it('is passed over while another replica has it, and the others go on', async () => {
    const { nextSlot } = await node.schedules.put('a', hourly({ payload: { id: 'a' } }));
    await node.schedules.put('b', hourly({ payload: { id: 'b' } }));
    const entered = Promise.withResolvers<void>();
    const leave = Promise.withResolvers<void>();
    node.target.answer = async ({ payload }) => {
      if ((payload as { id: string }).id === 'a') {
        entered.resolve();
        await leave.promise;
      }
      return { outcome: 'fired' };
    };
    await environment.query(
      `UPDATE schedule SET next_run_at = next_run_at - interval '1 s' WHERE name = 'a'`,
    );
    const first = node.runner.runOnce(nextSlot!);
    await entered.promise;
    await node.runner.runOnce(nextSlot!);
    expect(await environment.query(`SELECT payload->>'id' AS id FROM asked`)).toEqual([{ id: 'b' }]);
    leave.resolve();
    await first;
    expect(await environment.query(`SELECT payload->>'id' AS id FROM asked ORDER BY id`)).toEqual([
      { id: 'a' },
      { id: 'b' },
    ]);
  });

  it('is one of hundreds that one tick fires, each once', async () => {
    await node.schedules.put('a', hourly());
    await environment.query(
      `INSERT INTO schedule (id, name, target, payload, cron, time_zone, jitter_seconds, overlap, enabled, next_slot, next_run_at)
       SELECT gen_random_uuid(), 's' || n, target, jsonb_build_object('id', n), cron, time_zone, 0, overlap, true, next_slot, next_run_at
       FROM schedule, generate_series(1, 250) n`,
    );
    const done: Promise<void>[] = [];
    node.target.answer = async () => ({
      outcome: 'fired',
      afterCommit: async () => void done.push(Promise.resolve()),
    });
    await node.runner.runOnce((await node.schedules.get('a')).nextSlot!);
    const rows = await environment.query('SELECT DISTINCT payload FROM asked');
    expect([rows.length, (await asked()).length, done.length]).toEqual([250, 251, 251]);
  });
});

describe('what is left to do after the commit', () => {
  it('is done when the row is there for everybody, and before the tick ends', async () => {
    const { nextSlot } = await node.schedules.put('a', hourly());
    const seen: unknown[] = [];
    node.target.answer = async () => ({
      outcome: 'fired',
      afterCommit: async () => void seen.push(...(await environment.query('SELECT slot FROM asked'))),
    });
    await node.runner.runOnce(nextSlot!);
    expect(seen).toEqual([{ slot: nextSlot }]);
  });

  it('is counted when it fails, and takes nothing back', async () => {
    const { nextSlot } = await node.schedules.put('a', hourly());
    node.target.answer = async () => ({
      outcome: 'fired',
      afterCommit: () => {
        throw new Error('Redis is away');
      },
    });
    await node.runner.runOnce(nextSlot!);
    expect(await asked()).toEqual([nextSlot]);
    expect((await node.schedules.get('a')).lastOutcome).toBe('fired');
    expect(await node.metric('errors_total', 'after_commit')).toBe(1);
    expect(await node.metric('errors_total', 'fire')).toBe(0);
  });
});

describe('overlap', () => {
  it('is the business of the target, which may skip or replace', async () => {
    const { nextSlot } = await node.schedules.put('a', hourly({ overlap: 'replace' }));
    node.target.answer = async () => ({ outcome: 'skipped' });
    await node.runner.runOnce(nextSlot!);
    expect((await node.schedules.get('a')).lastOutcome).toBe('skipped');
    node.target.answer = async ({ overlap }) => ({ outcome: overlap === 'replace' ? 'replaced' : 'fired' });
    await node.runner.runOnce(after(nextSlot, HOUR));
    expect((await node.schedules.get('a')).lastOutcome).toBe('replaced');
    expect(await outcomes()).toEqual({ fired: 0, skipped: 1, waiting: 0, replaced: 1 });
  });

  it('lets a slot wait: the target is asked until it fires, and the next slot comes in its own time', async () => {
    const { nextSlot } = await node.schedules.put('a', hourly({ overlap: 'queue' }));
    node.target.answer = async () => ({ outcome: 'waiting' });
    await node.runner.runOnce(nextSlot!);
    expect(await node.schedules.get('a')).toMatchObject({
      waitingSlot: nextSlot,
      lastOutcome: 'waiting',
      nextSlot: after(nextSlot, HOUR),
    });
    await node.runner.runOnce(after(nextSlot, 5000));
    await node.runner.runOnce(after(nextSlot, 10_000));
    // Not twice in the same moment.
    await node.runner.runOnce(after(nextSlot, 10_000));
    expect(await asked()).toEqual([nextSlot, nextSlot, nextSlot]);
    expect(await outcomes()).toEqual({ fired: 0, skipped: 0, waiting: 1, replaced: 0 });

    node.target.answer = async () => ({ outcome: 'fired' });
    await node.runner.runOnce(after(nextSlot, 15_000));
    expect(await node.schedules.get('a')).toMatchObject({
      waitingSlot: null,
      lastSlot: nextSlot,
      lastRunAt: after(nextSlot, 15_000),
      lastOutcome: 'fired',
      nextSlot: after(nextSlot, HOUR),
    });
    await node.runner.runOnce(after(nextSlot, 20_000));
    expect(await asked()).toHaveLength(4);
    expect(await outcomes()).toEqual({ fired: 1, skipped: 0, waiting: 1, replaced: 0 });
  });

  it('lets one slot wait at most: a newer one takes its place, and the older counts as skipped', async () => {
    const { nextSlot } = await node.schedules.put('a', hourly({ overlap: 'queue' }));
    node.target.answer = async () => ({ outcome: 'waiting' });
    await node.runner.runOnce(nextSlot!);
    await node.runner.runOnce(after(nextSlot, HOUR));
    expect((await node.schedules.get('a')).waitingSlot).toEqual(after(nextSlot, HOUR));
    node.target.answer = async () => ({ outcome: 'fired' });
    await node.runner.runOnce(after(nextSlot, HOUR + 5000));
    await node.runner.runOnce(after(nextSlot, HOUR + 10_000));
    expect((await asked()).at(-1)).toEqual(after(nextSlot, HOUR));
    expect(await outcomes()).toEqual({ fired: 1, skipped: 1, waiting: 2, replaced: 0 });
  });

  it('ends waiting when the schedule is switched off', async () => {
    const { nextSlot } = await node.schedules.put('a', hourly({ overlap: 'queue' }));
    node.target.answer = async () => ({ outcome: 'waiting' });
    await node.runner.runOnce(nextSlot!);
    await node.schedules.put('a', hourly({ overlap: 'queue', enabled: false }));
    await node.runner.runOnce(after(nextSlot, 2 * HOUR));
    expect(await asked()).toHaveLength(1);
    expect((await node.schedules.get('a')).waitingSlot).toBeNull();
  });
});

describe('a schedule that cannot be fired', () => {
  const FAULTS: [fault: string, plant: () => Promise<unknown>][] = [
    [
      'whose target throws',
      async () => {
        node.target.answer = async ({ payload }) => {
          if ((payload as { id: string }).id === 'faulty') throw new Error('broken');
          return { outcome: 'fired' };
        };
      },
    ],
    [
      'whose pattern has become invalid',
      () => environment.query(`UPDATE schedule SET cron = '61 * * * *' WHERE name = 'faulty'`),
    ],
    [
      'whose zone is no longer known',
      () => environment.query(`UPDATE schedule SET time_zone = 'Mars' WHERE name = 'faulty'`),
    ],
    [
      'whose target nobody has',
      () => environment.query(`UPDATE schedule SET target = 'gone' WHERE name = 'faulty'`),
    ],
  ];

  it.each(FAULTS)(
    '%s is tried again a minute later, leaves nothing behind and holds up no other',
    async (_, plant) => {
      const { nextSlot } = await node.schedules.put('faulty', hourly({ payload: { id: 'faulty' } }));
      await node.schedules.put('sound', hourly({ payload: { id: 'sound' } }));
      await plant();
      // The faulty one is looked at first.
      await environment.query(
        `UPDATE schedule SET next_run_at = next_run_at - interval '1 s' WHERE name = 'faulty'`,
      );
      const tried = async (ms: number): Promise<number> => {
        await node.runner.runOnce(after(nextSlot, ms));
        return node.metric('errors_total', 'fire');
      };
      expect(await tried(0)).toBe(1);
      expect(await environment.query(`SELECT payload->>'id' AS id FROM asked`)).toEqual([{ id: 'sound' }]);
      expect(await node.schedules.get('faulty')).toMatchObject({ lastOutcome: 'failed', nextSlot });
      expect(await tried(59_000)).toBe(1);
      expect(await tried(60_000)).toBe(2);
    },
  );

  it('keeps its slot, and fires it once when the target has recovered', async () => {
    const { nextSlot } = await node.schedules.put('a', hourly());
    node.target.answer = () => Promise.reject(new Error('broken'));
    for (let minute = 0; minute < 90; minute += 30)
      await node.runner.runOnce(after(nextSlot, minute * 60_000));
    node.target.answer = async () => ({ outcome: 'fired' });
    await node.runner.runOnce(after(nextSlot, 100 * 60_000));
    await node.runner.runOnce(after(nextSlot, 101 * 60_000));
    expect(await asked()).toEqual([nextSlot]);
    expect(await node.schedules.get('a')).toMatchObject({
      lastOutcome: 'fired',
      nextSlot: after(nextSlot, 2 * HOUR),
    });
  });

  it('is tried at once when it is put anew', async () => {
    const { nextSlot } = await node.schedules.put('a', hourly());
    node.target.answer = () => Promise.reject(new Error('broken'));
    await node.runner.runOnce(nextSlot!);
    node.target.answer = async () => ({ outcome: 'fired' });
    await node.schedules.put('a', hourly({ payload: { id: 2 } }));
    await node.runner.runOnce(after(nextSlot, 1));
    expect(await asked()).toEqual([nextSlot]);
  });

  it('while its slot waits is asked less often, and goes on waiting', async () => {
    const { nextSlot } = await node.schedules.put('a', hourly({ overlap: 'queue' }));
    node.target.answer = async () => ({ outcome: 'waiting' });
    await node.runner.runOnce(nextSlot!);
    node.target.answer = () => Promise.reject(new Error('broken'));
    await node.runner.runOnce(after(nextSlot, 5000));
    await node.runner.runOnce(after(nextSlot, 60_000));
    expect(await node.metric('errors_total', 'fire')).toBe(1);
    node.target.answer = async () => ({ outcome: 'fired' });
    await node.runner.runOnce(after(nextSlot, 65_000));
    expect((await node.schedules.get('a')).lastOutcome).toBe('fired');
  });
});
