import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Schedule } from '../../src/platform/scheduling/index.js';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
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

describe('putting a schedule', () => {
  const jitter = { jitterSeconds: 600 };
  const slotOf = ({ nextSlot, nextRunAt }: Schedule) => ({ nextSlot, nextRunAt });

  it('creates it, or edits the one of this name', async () => {
    const created = await node.schedules.put('a', hourly());
    const edited = await node.schedules.put('a', hourly({ cron: '30 * * * *', payload: { id: 2 } }));
    expect(edited.id).toBe(created.id);
    const stored = await node.schedules.get('a');
    expect(stored).toEqual(edited);
    expect(stored).toMatchObject({ cron: '30 * * * *', payload: { id: 2 } });
    expect(stored.nextSlot?.getUTCMinutes()).toBe(30);
    expect(await node.schedules.list(10)).toHaveLength(1);
  });

  it('loses no slot that is due, unless the pattern or the zone changes', async () => {
    await node.schedules.put('a', hourly(jitter));
    await environment.query(
      `UPDATE schedule SET next_slot = next_slot - interval '1 d', next_run_at = next_run_at - interval '1 d'`,
    );
    const due = slotOf(await node.schedules.get('a'));
    const edited = await node.schedules.put('a', hourly({ ...jitter, overlap: 'queue', payload: { id: 3 } }));
    expect(edited.nextSlot).toEqual(due.nextSlot);
    await node.runner.runOnce();
    expect(await asked()).toEqual([due.nextSlot]);
    for (const change of [YEARLY, { ...YEARLY, timeZone: 'Asia/Kolkata' }]) {
      await environment.query(`UPDATE schedule SET next_slot = '2020-01-01', next_run_at = '2020-01-01'`);
      await node.schedules.put('a', hourly(change));
      await node.runner.runOnce();
      expect(await asked()).toHaveLength(1);
    }
  });

  it('switches it off, and on again from then on', async () => {
    const first = await node.schedules.put('a', hourly(YEARLY));
    const off = await node.schedules.put('a', hourly({ ...YEARLY, enabled: false }));
    expect(slotOf(off)).toEqual({ nextSlot: null, nextRunAt: null });
    await node.runner.runOnce(after(first.nextSlot, 48 * HOUR));
    expect(await asked()).toEqual([]);
    expect(slotOf(await node.schedules.put('a', hourly(YEARLY)))).toEqual(slotOf(first));
  });

  it('by many at once makes one', async () => {
    const puts = Array.from({ length: 8 }, (_, id) => node.schedules.put('a', hourly({ payload: { id } })));
    const ids = (await Promise.all(puts)).map(({ id }) => id);
    expect(new Set(ids).size).toBe(1);
    expect(await environment.query('SELECT id FROM schedule')).toEqual([{ id: ids[0] }]);
  });

  it('waits for the replica that fires it in this moment, and keeps what that has done', async () => {
    const { nextSlot } = await node.schedules.put('a', hourly());
    const entered = Promise.withResolvers<void>();
    const leave = Promise.withResolvers<void>();
    node.target.answer = async () => {
      entered.resolve();
      await leave.promise;
      return { outcome: 'fired' };
    };
    const tick = node.runner.runOnce(nextSlot!);
    await entered.promise;
    const put = node.schedules.put('a', hourly({ overlap: 'replace' }));
    await eventually('the edit to wait', async () => {
      const waiting = await environment.query(
        `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      return waiting.length > 0 ? true : undefined;
    });
    leave.resolve();
    await tick;
    expect(await put).toMatchObject({
      lastSlot: nextSlot,
      overlap: 'replace',
      nextSlot: after(nextSlot, HOUR),
    });
    expect(await node.schedules.get('a')).toEqual(await put);
  });

  it('is part of the transaction that it is given', async () => {
    const { dataSource } = node;
    const failing = dataSource.transaction(async (manager) => {
      await node.schedules.put('a', hourly(), manager);
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await node.schedules.list(10)).toEqual([]);
  });

  it('refuses what has no next time, and what is out of bounds', async () => {
    await expect(node.schedules.put('a', hourly({ cron: '0 0 30 2 *' }))).rejects.toMatchObject({
      code: 'schedule.invalid_cron',
    });
    await expect(node.schedules.put('a', hourly({ payload: { text: 'x'.repeat(5000) } }))).rejects.toThrow(
      'ck_schedule_payload',
    );
    expect(await node.schedules.list(10)).toEqual([]);
  });
});

describe('removing a schedule', () => {
  it('ends it, and says whether there was one', async () => {
    const { nextSlot } = await node.schedules.put('a', hourly());
    expect(await node.schedules.remove('a')).toBe(true);
    expect(await node.schedules.remove('a')).toBe(false);
    await node.runner.runOnce(nextSlot!);
    expect(await asked()).toEqual([]);
    await expect(node.schedules.get('a')).rejects.toMatchObject({ code: 'not_found' });
  });
});
