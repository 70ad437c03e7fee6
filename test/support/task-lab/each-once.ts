import { expect } from 'vitest';
import type { TaskLab } from './task-lab.js';

/**
 * Every task has had its effect, once, whatever happened, and is known to have succeeded.
 * @returns how many were begun again for that, which is printed as well.
 */
export async function eachOnce(lab: TaskLab, ids: readonly string[], deadlineMs = 40_000): Promise<number> {
  await lab.reached('ended', ids.length, deadlineMs);
  const states = async (): Promise<unknown> =>
    lab.environment.query('SELECT state, count(*)::int FROM task WHERE id = ANY($1) GROUP BY state', [ids]);
  await expect.poll(states, { timeout: 20_000 }).toEqual([{ state: 'succeeded', count: ids.length }]);
  const effects = await lab.effects();
  const ended = effects.filter(({ what }) => what === 'ended').map(({ taskId }) => taskId);
  expect(ended.toSorted()).toEqual(ids.toSorted());
  const again = effects.filter(({ what }) => what === 'begun').length - ids.length;
  console.log(`${again} of ${ids.length} tasks were begun again`);
  return again;
}
