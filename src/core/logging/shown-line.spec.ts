import fc from 'fast-check';
import { Writable } from 'node:stream';
import { pinoHttp } from 'pino-http';
import { beforeEach, describe, expect, it } from 'vitest';
import { LogDestination } from './log-destination.js';
import { LoggedErrors } from './logged-errors.js';
import { loggerOptions } from './logger-options.js';

const SECRET = 's3cr3tNeedle';

let written: string[];
const errors = new LoggedErrors();
const { logger } = pinoHttp(
  loggerOptions('trace', 'api'),
  new LogDestination({ write: (line) => void written.push(line) }, errors) as unknown as Writable,
);
beforeEach(() => void (written = []));

/** As whoever reads the log gets it. */
const lines = (): Record<string, unknown>[] =>
  written.map((line) => {
    expect(line).toMatch(/^[^\n]*\n$/);
    return JSON.parse(line) as Record<string, unknown>;
  });

const failure = (message: string): Error =>
  Object.assign(new Error('outer', { cause: new Error(message) }), {
    parameters: [SECRET],
    config: { url: `https://a:${SECRET}@host` },
  });

describe('a line of the log', () => {
  it.each([
    [{ password: SECRET }],
    [{ apiKey: SECRET, n: 1 }],
    [{ pin: SECRET }],
    [{ url: `/api?limit=1&api_key=${SECRET}` }],
    [{ databaseUrl: `postgres://gleaner:${SECRET}@db/gleaner` }],
    [{ req: { headers: { 'x-api-key': SECRET, cookie: `sid=${SECRET}` } } }],
    [{ payload: { list: [{ deep: { token: SECRET } }] } }],
    [{ headers: [['Authorization', `Bearer ${SECRET}`]] }],
    [{ err: failure(`GET https://me:${SECRET}@host failed`) }],
    [{ err: failure(`refused {"password":"${SECRET}"}`) }],
    [{ err: failure('plain') }],
    [{ err: new AggregateError([failure(`Cookie: a=${SECRET}`)], `token=${SECRET}`) }],
    [{ err: { stack: `x://a:${SECRET}@b` } }],
    [{ [`https://a:${SECRET}@b`]: 1 }],
  ])('shows no secret in its fields: %j', (fields) => {
    logger.info(fields, 'message');
    expect(written.join('')).not.toContain(SECRET);
    expect(lines()).toMatchObject([{ level: 'info', service: 'gleaner', mode: 'api', msg: 'message' }]);
  });

  it.each([`connecting to redis://:${SECRET}@host`, `Authorization: Basic ${SECRET}`, `pwd=${SECRET}`])(
    'shows no secret in its message: %s',
    (message) => {
      logger.info(message);
      logger.info('%s %o', 'x', { text: message });
      logger.info({ err: new Error(message) });
      expect(written.join('')).not.toContain(SECRET);
      expect(lines()).toHaveLength(3);
    },
  );

  it('says of an error its class, code, message and stack with those of its causes', () => {
    logger.error({ err: Object.assign(failure('inner'), { code: 'E_OUTER' }) }, 'failed');
    const [{ err }] = lines() as [{ err: unknown }];
    expect(err).toEqual({
      type: 'Error',
      code: 'E_OUTER',
      message: 'outer: inner',
      stack: expect.stringContaining('caused by: Error: inner') as string,
    });
  });

  it('is what was logged, to the letter, where there is nothing to hide', () => {
    const value = fc.oneof(fc.string({ unit: 'grapheme' }), fc.integer(), fc.boolean(), fc.constant(null));
    const name = fc
      .stringMatching(/^[a-z]{1,3}$/)
      .filter((each) => !['pin', 'pwd', 'otp', 'err', 'req', 'res'].includes(each));
    fc.assert(
      fc.property(fc.dictionary(name, value), fc.stringMatching(/^[\w .,]{0,150}$/), (fields, message) => {
        fc.pre(!/[=:@]|bearer|basic/i.test(JSON.stringify(Object.values(fields))));
        written = [];
        logger.info({ ...fields, list: [1, { a: 'b' }] }, message);
        logger.info(fields, message);
        expect(lines()).toMatchObject([
          { ...fields, msg: message },
          { ...fields, msg: message },
        ]);
      }),
    );
  });

  it('stays one line, and steers no terminal, whatever is in it', () => {
    const nasty = fc.string({
      unit: fc.constantFrom(
        'a',
        '\n',
        '\r',
        '\u001b[2J',
        '\u009b2J',
        '\u0085',
        '\u2028',
        '\u2029',
        '\u202e',
        '"',
        '\\',
        '\ud800',
        '😀',
      ),
    });
    fc.assert(
      fc.property(nasty, nasty, nasty, (message, key, value) => {
        written = [];
        logger.warn({ [key]: value, list: [value], err: new Error(message) }, message);
        expect(String(lines()[0]?.msg).toWellFormed()).toBe(message.toWellFormed());
        expect(written.join('').slice(0, -1)).not.toMatch(/[\p{Cc}\u2028\u2029\u202e]/u);
      }),
    );
  });

  it('is cut where it is much too long, and still says the rest', () => {
    logger.info({ body: 'x'.repeat(10_000_000), after: 1 }, 'message');
    expect(written[0]?.length).toBeLessThan(20_000);
    expect(lines()).toMatchObject([
      { body: expect.stringMatching(/^x+… \(10000000 characters\)$/) as string, after: 1, msg: 'message' },
    ]);
  });
});
