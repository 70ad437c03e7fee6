import { describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../../core/errors/index.js';
import { scheduleSchema } from './schedule.dto.js';

function faults(input: object): string[] {
  const { error } = scheduleSchema.safeParse(input);
  if (!error) return [];
  const { errors } = InvalidInputError.fromIssues(error.issues, input, 'body').extensions;
  return errors.map(({ field, message }) => `${field}: ${message}`);
}

describe('a schedule as it is declared', () => {
  it('needs no more than a pattern', () => {
    expect(scheduleSchema.parse({ cron: '0 3 * * *' })).toEqual({
      cron: '0 3 * * *',
      timeZone: 'UTC',
      jitterSeconds: 0,
      overlap: 'skip',
      enabled: true,
    });
  });

  it('is told of every fault what was expected and what came', () => {
    const input = {
      cron: '0 25 * * *',
      timeZone: 'Berlin',
      jitterSeconds: 3601,
      overlap: 'wait',
      enabled: 'yes',
      every: 5,
    };
    expect(faults(input)).toEqual([
      'cron: expected in the field "hour" 0 to 23; lists (1,2), ranges (1-5) and steps (*/2) of these; or *, got "0 25 * * *"',
      'timeZone: expected the IANA name of a time zone, e.g. Europe/Berlin, got "Berlin"',
      'jitterSeconds: expected whole seconds from 0 to 3600, got 3601',
      'overlap: expected one of skip, queue, replace, got "wait"',
      'enabled: expected true or false, got "yes"',
      'every: is not known here; remove it',
    ]);
  });

  it('refuses a pattern that never comes, one that is far too long, and none', () => {
    expect(faults({ cron: '0 0 30 2 *' })).toEqual([
      'cron: expected a day that exists in one of the months, got "0 0 30 2 *"',
    ]);
    expect(faults({ cron: `${'0,'.repeat(5000)}0 * * * *` })[0]).toMatch(
      /^cron: expected 1 to 100 characters, /,
    );
    expect(faults({})[0]).toMatch(/^cron: .*got nothing$/);
  });
});
