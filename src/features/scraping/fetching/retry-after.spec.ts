import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { retryAfterMs } from './retry-after.js';

const DATE = 'Sun, 06 Nov 1994 08:49:37 GMT';
const DAY = 86_400_000;

describe('Retry-After', () => {
  it.each([
    ['0', 0],
    ['1', 1000],
    [' 120 ', 120_000],
    ['86400', DAY],
    ['86401', DAY],
    ['9'.repeat(400), DAY],
  ])('%j is seconds', (header, ms) => {
    expect(retryAfterMs(header, DATE)).toBe(ms);
  });

  it.each([
    ['Sun, 06 Nov 1994 08:49:37 GMT', 0],
    ['Sun, 06 Nov 1994 08:50:37 GMT', 60_000],
    ['Sunday, 06-Nov-94 08:50:37 GMT', 60_000],
    ['Sun Nov  6 08:50:37 1994', 60_000],
    ['Sun, 06 Nov 1994 08:00:00 GMT', 0],
    ['Fri, 31 Dec 9999 23:59:59 GMT', DAY],
  ])('%j is a date, by the clock of the server, wherever this machine is', (header, ms) => {
    for (const zone of ['UTC', 'Asia/Tokyo', 'America/New_York']) {
      vi.stubEnv('TZ', zone);
      expect(retryAfterMs(header, DATE)).toBe(ms);
    }
    vi.unstubAllEnvs();
  });

  it('is by our clock when the server does not tell its own', () => {
    const inAMinute = new Date(Date.now() + 60_000).toUTCString();
    for (const date of [undefined, 'yesterday', ['a', 'b']]) {
      const ms = retryAfterMs(inAMinute, date) ?? Number.NaN;
      // Its date has no milliseconds, and time goes on.
      expect(ms).toBeGreaterThan(30_000);
      expect(ms).toBeLessThanOrEqual(60_000);
    }
  });

  it.each([
    undefined,
    '',
    '-1',
    '1.5',
    '1e3',
    'soon',
    'Sun, 99 Nov 1994 08:49:37 GMT',
    '1994-11-06',
    ['1', '2'],
  ])('%j says nothing', (header) => {
    expect(retryAfterMs(header, DATE)).toBeUndefined();
  });

  it('is nothing or a time between 0 and a day, whatever is written there', () => {
    const text = fc.oneof(
      fc.string(),
      fc.nat().map(String),
      fc.date({ noInvalidDate: true }).map((d) => d.toUTCString()),
    );
    fc.assert(
      fc.property(text, text, (header, date) => {
        const ms = retryAfterMs(header, date);
        expect(ms === undefined || (ms >= 0 && ms <= DAY)).toBe(true);
      }),
    );
  });
});
