import { describe, expect, it } from 'vitest';
import { LogLevels } from './log-levels.js';

describe('levels', () => {
  const attached = (): [LogLevels, { level: string }] => {
    const logger = { level: 'info' };
    const levels = new LogLevels();
    levels.attach('info', logger);
    return [levels, logger];
  };

  it('are that of LOG_LEVEL where none is set', () => {
    const [levels] = attached();
    expect(levels.isEnabled('info', 'A')).toBe(true);
    expect(levels.isEnabled('debug', 'A')).toBe(false);
  });

  it('are those of the module, else of all, and the logger writes down to the lowest of them', () => {
    const [levels, logger] = attached();
    levels.apply(
      new Map([
        ['A', 'debug'],
        ['*', 'warn'],
        ['B', 'silent'],
      ]),
    );
    expect(logger.level).toBe('debug');
    expect([levels.isEnabled('debug', 'A'), levels.isEnabled('trace', 'A')]).toEqual([true, false]);
    expect([levels.isEnabled('warn', 'C'), levels.isEnabled('info', 'C')]).toEqual([true, false]);
    expect(levels.isEnabled('fatal', 'B')).toBe(false);
    levels.apply(new Map());
    expect(logger.level).toBe('info');
    expect(levels.isEnabled('info', 'B')).toBe(true);
  });

  it('do not silence others when one is set higher', () => {
    const [levels, logger] = attached();
    levels.apply(new Map([['A', 'error']]));
    expect(logger.level).toBe('info');
    expect(levels.isEnabled('info', 'B')).toBe(true);
  });
});
