import { describe, expect, it } from 'vitest';
import { commandSchema, isKnownCommand } from './commands.js';

const accepts = (command: unknown): boolean => commandSchema.safeParse(command).success;

describe('commands', () => {
  it.each([
    { type: 'ping' },
    { type: 'pool.grow', by: 1 },
    { type: 'pool.resize', to: 3000 },
    { type: 'pool.autoscale', bounds: { min: 1, max: 1 } },
    { type: 'pool.autoscale', bounds: null },
    { type: 'queue.add-consumer', queue: 'high' },
    { type: 'rate-limit', task: 'scrape.run', rate: '10/m' },
    { type: 'rate-limit', task: 'scrape.run', rate: null },
    { type: 'time-limit', task: 'scrape.run', limits: { softMs: 1000 } },
    { type: 'time-limit', task: 'scrape.run', limits: { softMs: 1000, hardMs: 1000 } },
    { type: 'time-limit', task: 'scrape.run', limits: null },
    { type: 'revoke', ids: ['a_B-9'], how: 'abort' },
  ])('may be $type: %j', (command) => {
    expect(accepts(command)).toBe(true);
  });

  it.each([
    { type: 'ping', loudly: true },
    { type: 'pool.grow' },
    { type: 'pool.grow', by: 0 },
    { type: 'pool.grow', by: 1.5 },
    { type: 'pool.resize', to: 3001 },
    { type: 'pool.autoscale', bounds: { min: 2, max: 1 } },
    { type: 'pool.autoscale', bounds: { min: 0, max: 1 } },
    { type: 'queue.add-consumer', queue: 'nowhere' },
    { type: 'rate-limit', task: '', rate: '10/m' },
    { type: 'rate-limit', task: 'scrape.run', rate: '0/m' },
    { type: 'rate-limit', task: 'scrape.run', rate: '10/fortnight' },
    { type: 'rate-limit', task: 'x'.repeat(201), rate: null },
    { type: 'time-limit', task: 'scrape.run', limits: { softMs: 1000, hardMs: 999 } },
    { type: 'time-limit', task: 'scrape.run', limits: { hardMs: 999 } },
    { type: 'revoke', ids: [], how: 'abort' },
    { type: 'revoke', ids: ['a:b'], how: 'abort' },
    { type: 'revoke', ids: ['x'.repeat(129)], how: 'abort' },
    { type: 'revoke', ids: Array.from({ length: 1001 }, () => 'a'), how: 'abort' },
    { type: 'revoke', ids: ['a'], how: 'gently' },
  ])('may not be %j', (command) => {
    expect(accepts(command)).toBe(false);
    expect(isKnownCommand(command)).toBe(true);
  });

  it.each([{ type: 'dance' }, { type: 'toString' }, { type: ['ping'] }, {}, null, 'ping', undefined])(
    'of another release are not known: %j',
    (command) => {
      expect(isKnownCommand(command)).toBe(false);
    },
  );
});
