import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SlotPool } from './slot-pool.js';

type Q = 'high' | 'default' | 'low';
const WEIGHTS = { high: 6, default: 3, low: 1 };
const QUEUES = ['high', 'default', 'low'] as const;

/** Queues that always have another task; each task ends when the test says so. */
function flood(pool: SlotPool<Q>, queues: readonly Q[]): { running: Q[]; begun: Record<Q, number> } {
  const state = { running: [] as Q[], begun: { high: 0, default: 0, low: 0 } };
  const take = async (queue: Q): Promise<void> => {
    for (;;) {
      const granted = await pool.admit(queue, 16);
      if (granted === 0) return;
      state.begun[queue] += granted;
      for (let slot = 0; slot < granted; slot++) state.running.push(queue);
    }
  };
  for (const queue of queues) void take(queue);
  return state;
}

const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
};

/** Ends so many tasks, the oldest first. */
async function end(pool: SlotPool<Q>, running: Q[], count: number): Promise<void> {
  for (let ended = 0; ended < count; ended++) {
    const queue = running.shift();
    if (queue) pool.release(queue);
    await settled();
  }
}

describe('a pool of slots', () => {
  it('begins tasks of queues that all have some by their weights', async () => {
    const pool = new SlotPool<Q>(10, WEIGHTS);
    const { running, begun } = flood(pool, QUEUES);
    await settled();
    await end(pool, running, 1000);
    expect(begun.high / begun.low).toBeCloseTo(6, 0);
    expect(begun.default / begun.low).toBeCloseTo(3, 0);
  });

  it('lets one queue have what the others do not use, but for a slot each', async () => {
    const pool = new SlotPool<Q>(10, WEIGHTS);
    const { running } = flood(pool, ['low']);
    await settled();
    expect(running).toHaveLength(8);
    expect(pool.tryAdmit('high')).toBe(true);
    expect(pool.tryAdmit('default')).toBe(true);
    expect(pool.tryAdmit('low')).toBe(false);
  });

  it('keeps nothing for a queue that is closed', async () => {
    const pool = new SlotPool<Q>(10, WEIGHTS);
    pool.close('high');
    const { running } = flood(pool, ['low']);
    await settled();
    expect(running).toHaveLength(9);
    pool.close('default');
    await settled();
    expect(running).toHaveLength(10);
    expect(await pool.admit('high', 1)).toBe(0);
  });

  it.each([
    [1, 1],
    [2, 2],
    [3, 2],
    [5, 4],
    [6, 4],
  ])('of %i slots lets one queue have %i', async (size, usable) => {
    const pool = new SlotPool<Q>(size, WEIGHTS);
    const { running } = flood(pool, ['default']);
    await settled();
    expect(running).toHaveLength(usable);
  });

  it('does not let a queue catch up on what it has missed while it was empty', async () => {
    const pool = new SlotPool<Q>(4, WEIGHTS);
    const high = flood(pool, ['high']);
    await settled();
    await end(pool, high.running, 600);
    const before = high.begun.high;
    const low = flood(pool, ['low']);
    await settled();
    const all = [...high.running, ...low.running];
    for (let ended = 0; ended < 70; ended++) {
      const queue = all.shift();
      if (queue) pool.release(queue);
      await settled();
      all.push(...high.running.splice(0), ...low.running.splice(0));
    }
    expect(low.begun.low).toBeLessThan(20);
    expect(high.begun.high - before).toBeGreaterThan(45);
  });

  it('grows at once, and shrinks as tasks end', async () => {
    const pool = new SlotPool<Q>(3, WEIGHTS);
    pool.close('high');
    pool.close('low');
    const { running } = flood(pool, ['default']);
    await settled();
    expect(running).toHaveLength(3);
    pool.resize(6);
    await settled();
    expect(running).toHaveLength(6);
    pool.resize(2);
    await end(pool, running, 3);
    expect(running).toHaveLength(3);
    await end(pool, running, 1);
    expect(running).toHaveLength(2);
    await end(pool, running, 1);
    expect(running).toHaveLength(2);
  });

  it('never has more tasks than slots, and never leaves a slot idle that somebody may have', async () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('end' as const) }),
      fc.record({ do: fc.constant('resize' as const), size: fc.integer({ min: 0, max: 20 }) }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 20 }),
        fc.subarray([...QUEUES], { minLength: 1 }),
        fc.array(step, { maxLength: 60 }),
        async (size, queues, steps) => {
          const pool = new SlotPool<Q>(size, WEIGHTS);
          const { running } = flood(pool, queues);
          await settled();
          for (const action of steps) {
            const before = pool.active;
            if (action.do === 'resize') pool.resize(action.size);
            await settled();
            if (action.do === 'end') await end(pool, running, 1);
            expect(pool.active).toBe(running.length);
            expect(pool.active).toBeLessThanOrEqual(Math.max(pool.size, before));
            const kept = Math.min(QUEUES.length - queues.length, Math.floor(pool.size / 3));
            expect(pool.active).toBeGreaterThanOrEqual(pool.size - kept);
          }
        },
      ),
    );
  });
});
