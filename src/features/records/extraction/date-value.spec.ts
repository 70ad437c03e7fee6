import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileDateReader } from './date-value.js';

describe('a date', () => {
  it.each([
    ['2024-05-17', '2024-05-17'],
    ['2024-05-17T13:45', '2024-05-17T13:45:00'],
    ['2024-05-17 13:45:06', '2024-05-17T13:45:06'],
    ['2024-05-17T13:45:06.250Z', '2024-05-17T13:45:06.250Z'],
    ['2024-05-17T13:45:06,5z', '2024-05-17T13:45:06.500Z'],
    ['2024-05-17T23:45:00-05:00', '2024-05-18T04:45:00Z'],
    ['2024-05-17 13:45 +0200', '2024-05-17T11:45:00Z'],
    ['2024-02-30', null],
    ['0000-01-01', null],
    ['2024-05', null],
    ['2024', null],
    ['13:45', null],
    ['2024-W20', null],
    ['2024-05-17 or so', null],
    ['May 17, 2024', null],
    [`2024-05-17T13:45:06.${'0'.repeat(100)}`, null],
  ])('%j by ISO 8601 is %j', (text, date) => {
    expect(compileDateReader(undefined)(text)).toBe(date);
  });

  it.each([
    ['LLLL d, yyyy', 'March 14, 1879', '1879-03-14'],
    ['LLLL d, yyyy', 'march 14, 1879', '1879-03-14'],
    ['LLLL d, yyyy', 'March 34, 1879', null],
    ['LLLL d, yyyy', 'March 14', null],
    ["'Posted' d.L.yyyy", 'Posted 3.4.2021', '2021-04-03'],
    ['d LLL yy', '17 May 24', '2024-05-17'],
    ['LLLL yyyy', 'May 2024', '2024-05-01'],
    ['d/L/yyyy h:mm a', '3/4/2021 7:05 PM', '2021-04-03T19:05:00'],
    ['yyyy-LL-dd HH:mm ZZ', '2021-04-03 19:05 +02:00', '2021-04-03T17:05:00Z'],
    ['LLLL d, yyyy', 'x'.repeat(100_000), null],
  ])('in the format %j, %j is %j', (format, text, date) => {
    expect(compileDateReader(format)(text)).toBe(date);
  });

  it('of any day is read as it was written', () => {
    const day = fc.date({ min: new Date('0100-01-01'), max: new Date('9999-12-31'), noInvalidDate: true });
    const read = compileDateReader('d LLLL yyyy');
    fc.assert(
      fc.property(day, (date) => {
        const [month, written] = [
          date.toLocaleDateString('en', { month: 'long', timeZone: 'UTC' }),
          date.toISOString().slice(0, 10),
        ];
        const [year, , dayOfMonth] = written.split('-');
        expect(read(`${dayOfMonth} ${month} ${year}`)).toBe(written);
      }),
    );
  });
});
