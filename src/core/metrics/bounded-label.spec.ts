import { expect, it } from 'vitest';
import { BoundedLabel } from './bounded-label.js';

it('keeps the first values, and makes one of all that come later or are long', () => {
  const label = new BoundedLabel(2);
  expect(['a', 'x'.repeat(101), 'b', 'c', 'a'].map((value) => label.of(value))).toEqual([
    'a',
    'other',
    'b',
    'other',
    'a',
  ]);
});
