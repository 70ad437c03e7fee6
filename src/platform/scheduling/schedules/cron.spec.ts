import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkCron, isTimeZone, nextSlot } from './cron.js';
import { InvalidCronError } from './schedule.errors.js';

const BERLIN = 'Europe/Berlin';
/** The nights in which Berlin's clocks go from 02:00 to 03:00, and from 03:00 back to 02:00. */
const SPRING = '2026-03-29';
const AUTUMN = '2026-10-25';

/** The next slots, as UTC without milliseconds. */
function slots(cron: string, timeZone: string, after: string, count: number): string[] {
  const found: string[] = [];
  let slot = new Date(after);
  for (let n = 0; n < count; n++) {
    slot = nextSlot(cron, timeZone, slot);
    found.push(slot.toISOString().replace('.000Z', 'Z'));
  }
  return found;
}

interface LocalTime {
  /** Of the week; Sunday is 0. */
  weekday: number;
  date: string;
  hour: number;
  minute: number;
}

const formats = new Map<string, Intl.DateTimeFormat>();
const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

function localTime(time: Date, timeZone: string): LocalTime {
  let format = formats.get(timeZone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-GB', {
      timeZone,
      hourCycle: 'h23',
      weekday: 'short',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
    });
    formats.set(timeZone, format);
  }
  const parts = Object.fromEntries(format.formatToParts(time).map(({ type, value }) => [type, value]));
  return {
    weekday: WEEKDAYS.indexOf(parts.weekday ?? ''),
    date: `${parts.year}-${parts.month}-${parts.day}`,
    hour: Number(parts.hour),
    minute: Number(parts.minute),
  };
}

/** Zones whose clocks change by an hour, by half of one, in the south, at midnight, and not at all. */
const zone = fc.constantFrom(
  BERLIN,
  'America/New_York',
  'America/Santiago',
  'Australia/Lord_Howe',
  'Africa/Cairo',
  'Asia/Kolkata',
  'UTC',
);
const HALF_HOUR_MS = 1_800_000;
/** Also times of day with seconds and milliseconds, in years with known rules. */
const time = fc.date({
  min: new Date('2020-01-01T00:00:00Z'),
  max: new Date('2027-12-31T00:00:00Z'),
  noInvalidDate: true,
});

describe('a fixed time of day', () => {
  it('comes once when its hour is left out in spring: at the first moment after it', () => {
    expect(slots('30 2 * * *', BERLIN, `${SPRING}T00:00:00Z`, 2)).toEqual([
      `${SPRING}T01:00:00Z`, // 03:00 in Berlin
      '2026-03-30T00:30:00Z',
    ]);
    expect(slots('30 2,14 * * *', BERLIN, `${SPRING}T00:00:00Z`, 2)).toEqual([
      `${SPRING}T01:00:00Z`,
      `${SPRING}T12:30:00Z`,
    ]);
  });

  it('comes once when its hour comes twice in autumn: in the first of the two', () => {
    expect(slots('30 2 * * *', BERLIN, `${AUTUMN}T00:00:00Z`, 2)).toEqual([
      `${AUTUMN}T00:30:00Z`,
      '2026-10-26T01:30:00Z',
    ]);
    // Asked between the two.
    expect(slots('30 2 * * *', BERLIN, `${AUTUMN}T00:45:00Z`, 1)).toEqual(['2026-10-26T01:30:00Z']);
    expect(slots('30 2,14 * * *', BERLIN, `${AUTUMN}T00:00:00Z`, 2)).toEqual([
      `${AUTUMN}T00:30:00Z`,
      `${AUTUMN}T13:30:00Z`,
    ]);
  });

  it('comes on every day of its zone once, whatever its clocks do', () => {
    fc.assert(
      fc.property(
        zone,
        fc.nat(23),
        fc.nat(59),
        fc.integer({ min: 2020, max: 2026 }),
        (place, hour, minute, year) => {
          let slot = nextSlot(`${minute} ${hour} * * *`, place, new Date(`${year}-01-01T12:00:00Z`));
          for (let day = 0; day < 366; day++) {
            const { date: before } = localTime(slot, place);
            slot = nextSlot(`${minute} ${hour} * * *`, place, slot);
            const { date } = localTime(slot, place);
            expect(Date.parse(date) - Date.parse(before)).toBe(86_400_000);
          }
        },
      ),
      { numRuns: 30 },
    );
  }, 60_000);
});

describe('a pattern with a wildcard or a step', () => {
  it('goes on through both nights: every hour that passes has one slot', () => {
    expect(slots('0 * * * *', BERLIN, `${SPRING}T00:00:00Z`, 3)).toEqual([
      `${SPRING}T01:00:00Z`,
      `${SPRING}T02:00:00Z`,
      `${SPRING}T03:00:00Z`,
    ]);
    expect(slots('0 * * * *', BERLIN, '2026-10-24T23:00:00Z', 4)).toEqual([
      `${AUTUMN}T00:00:00Z`,
      `${AUTUMN}T01:00:00Z`,
      `${AUTUMN}T02:00:00Z`,
      `${AUTUMN}T03:00:00Z`,
    ]);
  });

  it('misses no second of a night in which clocks change', () => {
    for (const night of [SPRING, AUTUMN]) {
      let slot = new Date(`${night}T00:59:00Z`);
      for (let n = 1; n <= 7200; n++) {
        slot = nextSlot('* * * * * *', BERLIN, slot);
        expect(slot.getTime() - Date.parse(`${night}T00:59:00Z`)).toBe(n * 1000);
      }
    }
  });

  it('comes exactly when the clocks of the zone show what it says', () => {
    const steps = fc.constantFrom(1, 5, 7, 10, 15, 30);
    const weekdays = fc.uniqueArray(fc.nat(6), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(zone, steps, weekdays, time, (place, step, days, start) => {
        const cron = `*/${step} * * * ${days.join(',')}`;
        const found = nextSlot(cron, place, start);
        const minutes: Date[] = [];
        for (
          let minute = Math.floor(start.getTime() / 60_000) + 1;
          minute * 60_000 <= found.getTime();
          minute++
        )
          minutes.push(new Date(minute * 60_000));
        const matching = minutes.filter((each) => {
          const local = localTime(each, place);
          return local.minute % step === 0 && days.includes(local.weekday);
        });
        expect(matching).toEqual([found]);
      }),
      { numRuns: 200 },
    );
  }, 60_000);
});

describe('slots', () => {
  const field = (min: number, max: number) =>
    fc.oneof(
      fc.constant('*'),
      fc.integer({ min: 1, max: max - min }).map((step) => `*/${step}`),
      fc.uniqueArray(fc.integer({ min, max }), { minLength: 1, maxLength: 4 }).map((list) => list.join(',')),
      fc
        .tuple(fc.integer({ min, max }), fc.integer({ min, max }))
        .map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
    );
  // Days up to the 28th, for those exist in every month.
  const fields = [field(0, 59), field(0, 59), field(0, 23), field(1, 28), field(1, 12), field(0, 6)] as const;
  const pattern = fc.oneof(fc.tuple(...fields), fc.tuple(...fields.slice(1))).map((each) => each.join(' '));

  it('strictly increase, in whole seconds, and do not depend on where the search began', () => {
    fc.assert(
      fc.property(pattern, zone, time, (cron, place, start) => {
        expect(checkCron(cron), cron).toBeUndefined();
        let before = start;
        for (let n = 0; n < 20; n++) {
          const slot = nextSlot(cron, place, before);
          expect(slot.getTime()).toBeGreaterThan(before.getTime());
          expect(slot.getMilliseconds()).toBe(0);
          // Two hours are what a change of clocks can disturb.
          for (const earlier of [1, HALF_HOUR_MS, 4 * HALF_HOUR_MS]) {
            const from = new Date(Math.max(before.getTime(), slot.getTime() - earlier));
            expect(nextSlot(cron, place, from)).toEqual(slot);
          }
          before = slot;
        }
      }),
      { numRuns: 300 },
    );
  }, 60_000);

  it('of a pattern that cannot be understood are an error with a meaning', () => {
    const after = new Date('2026-01-01T00:00:00Z');
    expect(() => nextSlot('61 * * * *', 'UTC', after)).toThrow(InvalidCronError);
    expect(() => nextSlot('0 0 30 2 *', 'UTC', after)).toThrow(InvalidCronError);
    expect(() => nextSlot('0 0 * * *', 'Europe/Berln', after)).toThrow(InvalidCronError);
  });
});

describe('checking a pattern', () => {
  it.each([
    '* * * * *',
    '*/5 * * * *',
    '0 30 2 * * *',
    '0 0 29 2 *',
    '0 0 L * *',
    '0 9 * * MON-FRI',
    '0 0 * jan 5#2',
  ])('passes "%s"', (cron) => {
    expect(checkCron(cron)).toBeUndefined();
  });

  it.each([
    ['', 'expected 5 fields'],
    ['* * * *', 'expected 5 fields'],
    ['* * * * * * *', 'expected 5 fields'],
    ['@daily', 'expected 5 fields'],
    ['2026-01-01T00:00:00', 'expected 5 fields'],
    ['61 * * * *', 'expected in the field "minute" 0 to 59;'],
    ['61 * * * * *', 'expected in the field "second" 0 to 59;'],
    ['0 24 * * *', 'expected in the field "hour" 0 to 23;'],
    ['0 0 0 * *', 'expected in the field "day of the month" 1 to 31'],
    ['0 0 * 13 *', 'expected in the field "month" 1 to 12 or JAN to DEC;'],
    ['0 0 * * MOON', 'expected in the field "weekday" 0 to 7 or SUN to SAT'],
    ['*/0 * * * *', 'expected in the field "minute"'],
    ['5-1 * * * *', 'expected in the field "minute"'],
    ['0 H * * *', 'expected in the field "hour"'],
    ['0 0 30 2 *', 'expected a day that exists'],
    ['0 0 31 4,6,9,11 *', 'expected a day that exists'],
  ])('says of "%s" what was expected', (cron, fault) => {
    expect(checkCron(cron)).toContain(fault);
  });

  it('passes nothing that has no next slot, and refuses nothing else', () => {
    const part = fc.constantFrom(
      '*',
      '0',
      '30',
      '31',
      '2',
      '*/7',
      '1-5',
      'L',
      '15W',
      '5#2',
      'MON',
      '?',
      '+1',
      'x',
      '99',
    );
    fc.assert(
      fc.property(fc.array(part, { minLength: 4, maxLength: 7 }), (parts) => {
        const cron = parts.join(' ');
        const fault = checkCron(cron);
        const next = (): Date => nextSlot(cron, 'UTC', new Date('2026-01-01T00:00:00Z'));
        if (fault === undefined) expect(next()).toBeInstanceOf(Date);
        else expect(next).toThrow(InvalidCronError);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('names of time zones', () => {
  it.each(['UTC', BERLIN, 'Asia/Kolkata', 'Etc/GMT+5'])('are for example %s', (name) => {
    expect(isTimeZone(name)).toBe(true);
  });

  it.each(['', 'Europe/Berln', '+02:00', '-05:00', 'Local', 'Europe/Berlin\0'])('are not "%s"', (name) => {
    expect(isTimeZone(name)).toBe(false);
  });
});
