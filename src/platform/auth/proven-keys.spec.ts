import { afterEach, expect, it, vi } from 'vitest';
import { ProvenKeys } from './proven-keys.js';

afterEach(() => vi.useRealTimers());

it('knows a key for five minutes after it was last proven', () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const proven = new ProvenKeys();
  expect(proven.has('a')).toBe(false);
  proven.add('a');
  vi.advanceTimersByTime(299_000);
  expect(proven.has('a')).toBe(true);
  proven.add('a');
  vi.advanceTimersByTime(299_000);
  expect(proven.has('a')).toBe(true);
  vi.advanceTimersByTime(1001);
  expect(proven.has('a')).toBe(false);
  proven.add('b');
  proven.delete('b');
  expect(proven.has('b')).toBe(false);
});

it('holds ten thousand, and lets the oldest go', () => {
  const proven = new ProvenKeys();
  for (let index = 0; index <= 10_000; index++) proven.add(String(index));
  expect(proven.has('0')).toBe(false);
  expect(proven.has('1')).toBe(true);
  expect(proven.has('10000')).toBe(true);
});
