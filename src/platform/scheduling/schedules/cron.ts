import { Cron } from 'croner';
import { InvalidCronError } from './schedule.errors.js';

/** What each field may hold, in the order of six fields. */
const FIELDS = [
  ['second', '0 to 59'],
  ['minute', '0 to 59'],
  ['hour', '0 to 23'],
  ['day of the month', '1 to 31, L for the last, or 15W for the weekday nearest to the 15th'],
  ['month', '1 to 12 or JAN to DEC'],
  ['weekday', '0 to 7 or SUN to SAT, or 5#2 for the second Friday'],
] as const;

const SHAPE = '5 fields (minute, hour, day of the month, month, weekday), or 6 with seconds first';
/** A pattern has to be found before any time zone changes its clocks; which one does not matter. */
const ANY_TIME = new Date('2024-01-01T00:00:00Z');

/**
 * The first slot strictly after a time; whole seconds.
 *
 * When clocks are put forward, a fixed time of day in the hour that is left out comes at the end of that hour, once;
 * when they are put back, it comes in the first of the two hours only. Patterns with a wildcard or a step in seconds,
 * minutes or hours follow the time that passes: they leave out what does not exist, and come in both hours. These are
 * the rules of Vixie cron, and croner's with `no-wildcard`.
 * @param timeZone IANA name, e.g. `Europe/Berlin`.
 * @throws InvalidCronError when the pattern or the zone cannot be understood, or the pattern never comes.
 */
export function nextSlot(cron: string, timeZone: string, after: Date): Date {
  let slot: Date | null;
  try {
    slot = patternOf(cron, timeZone).nextRun(after);
  } catch (error) {
    throw new InvalidCronError(cron, timeZone, { cause: error });
  }
  if (!slot) throw new InvalidCronError(cron, timeZone);
  return slot;
}

/** What is wrong with a pattern, as "expected …"; `undefined` when nothing is. */
export function checkCron(cron: string): string | undefined {
  const fields = cron.trim().split(/\s+/);
  if (fields.length !== 5 && fields.length !== 6) return `expected ${SHAPE}`;
  const names = FIELDS.slice(-fields.length);
  // Each alone among wildcards: whichever is refused there is the one at fault, whatever the library says about it.
  for (const [index, [name, range]] of names.entries()) {
    const alone = fields.map((field, other) => (other === index ? field : '*')).join(' ');
    if (!isPattern(alone))
      return `expected in the field "${name}" ${range}; lists (1,2), ranges (1-5) and steps (*/2) of these; or *`;
  }
  if (!isPattern(cron)) return `expected ${SHAPE} that fit together`;
  if (!patternOf(cron, 'UTC').nextRun(ANY_TIME)) return 'expected a day that exists in one of the months';
  return undefined;
}

/** Whether it is the name of a time zone; offsets such as +02:00 are none, for they know no summer. */
export function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

function isPattern(cron: string): boolean {
  try {
    return patternOf(cron, 'UTC').getPattern() !== undefined;
  } catch {
    return false;
  }
}

/** Without a function to call it is only a calculator: it starts no timer. */
function patternOf(cron: string, timeZone: string): Cron {
  return new Cron(cron, { timezone: timeZone, mode: '5-or-6-parts', fixedTimeRule: 'no-wildcard' });
}
