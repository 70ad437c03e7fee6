import { expect, it } from 'vitest';
import { autoscaled } from './autoscaling.js';

const bounds = { min: 2, max: 20 };

it.each([
  ['grows by half while tasks wait for slots', { size: 10, active: 10 }, true, 16],
  ['grows to the bound at most', { size: 18, active: 18 }, true, 20],
  ['grows also when what is free is kept for others', { size: 10, active: 8 }, true, 16],
  ['does not grow while nothing waits', { size: 10, active: 10 }, false, 10],
  ['shrinks by one while most slots are idle', { size: 10, active: 4 }, false, 9],
  ['shrinks to the bound at most', { size: 2, active: 0 }, false, 2],
  ['comes to new bounds at once', { size: 50, active: 50 }, true, 20],
])('%s', (_, pool, behind, expected) => {
  expect(autoscaled(pool, behind, bounds)).toBe(expected);
});
