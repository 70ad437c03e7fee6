import { Logger } from '@nestjs/common';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LogDestination } from './log-destination.js';
import { type LoggedError, LoggedErrors } from './logged-errors.js';

let written: string[];
let errors: LoggedErrors;
let told: LoggedError[];
let logger: pino.Logger;

beforeEach(() => {
  written = [];
  told = [];
  errors = new LoggedErrors();
  const stdout = { write: (line: string) => void written.push(line) };
  const options = {
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (level: string) => ({ level }) },
  };
  logger = pino(options, new LogDestination(stdout, errors));
  const nest = (level: 'error' | 'warn') => (fields: object, message: string) =>
    logger[level](fields, message);
  Logger.overrideLogger({ error: nest('error'), warn: nest('warn'), log: () => undefined });
});
afterEach(() => Logger.overrideLogger(false));

describe('whoever wants to know of errors', () => {
  it('is told of lines of level error and fatal, with what they say, and of no others', () => {
    errors.subscribe((error) => void told.push(error));
    for (const level of ['debug', 'info', 'warn'] as const) logger[level]('nothing');
    const err = Object.assign(new TypeError('no number', { cause: new Error('a text') }), {
      code: 'E_NUMBER',
    });
    logger.error({ err, module: 'Sums', taskId: 't-1', task: 'sum', runId: 'r-1', other: 1 }, 'sum failed');
    logger.fatal('the end');
    expect(told).toEqual([
      {
        at: expect.any(Date) as Date,
        level: 'error',
        message: 'sum failed',
        module: 'Sums',
        err: {
          type: 'TypeError',
          code: 'E_NUMBER',
          message: 'no number: a text',
          stack: expect.stringMatching(/^TypeError: no number[^]*caused by: Error: a text/) as string,
        },
        fields: { taskId: 't-1', task: 'sum', runId: 'r-1' },
      },
      { at: expect.any(Date) as Date, level: 'fatal', message: 'the end', fields: {} },
    ]);
    expect(Math.abs(Date.now() - told[0]!.at.getTime())).toBeLessThan(60_000);
    expect(written).toHaveLength(4);
  });

  it('may log an error itself, and is not told of that', () => {
    errors.subscribe((error) => {
      told.push(error);
      logger.error('could not note an error');
    });
    logger.error('first');
    logger.error('second');
    expect(told.map(({ message }) => message)).toEqual(['first', 'second']);
    expect(written).toHaveLength(4);
  });

  it('may fail: whoever logs does not notice, others are told all the same, and the log says so', () => {
    errors.subscribe(() => {
      throw new Error('listener is broken');
    });
    errors.subscribe((error) => void told.push(error));
    logger.error('first');
    expect(told).toHaveLength(1);
    expect(written).toHaveLength(2);
    expect(written[1]).toContain('listener is broken');
  });

  it('is told nothing more when it does not want to', () => {
    const end = errors.subscribe((error) => void told.push(error));
    end();
    logger.error('first');
    expect(told).toEqual([]);
  });

  it('gets what there is of something that is no error', () => {
    errors.subscribe((error) => void told.push(error));
    logger.error({ err: 'text', taskId: 7 }, 'odd');
    logger.error({ err: { message: 'object' } });
    expect(told).toMatchObject([
      { message: 'odd', fields: {} },
      { message: 'object', err: { type: 'Object', message: 'object' } },
    ]);
  });
});
