import { UsageError } from './cli.errors.js';

const HOUR_MS = 3_600_000;
const UNITS_MS: Readonly<Record<string, number>> = { h: HOUR_MS, d: 24 * HOUR_MS, y: 365 * 24 * HOUR_MS };
/** Whoever wants longer wants a key that does not expire. */
const MAX_MS = 100 * 365 * 24 * HOUR_MS;

/**
 * `12h`, `90d`, `1y` from now, or the beginning of a day, in UTC, or a time of ISO 8601 with its zone.
 * @throws UsageError
 */
export function parseExpiry(given: string, now: Date): Date {
  const at = timeOf(given, now);
  const fault = Number.isNaN(at)
    ? 'expected a time as 12h, 90d or 1y, or a date as 2027-01-31'
    : at <= now.getTime()
      ? 'expected a time to come'
      : at - now.getTime() > MAX_MS
        ? 'expected at most 100 years'
        : undefined;
  if (fault) throw new UsageError(`--expires: ${fault}, got ${JSON.stringify(given.slice(0, 100))}`);
  return new Date(at);
}

function timeOf(given: string, now: Date): number {
  const [, amount, unit = ''] = /^(\d{1,6})([hdy])$/.exec(given) ?? [];
  if (amount !== undefined) return now.getTime() + Number(amount) * (UNITS_MS[unit] ?? Number.NaN);
  const [, day] = /^(\d{4}-\d\d-\d\d)(?:T\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d))?$/.exec(given) ?? [];
  // Date makes 2 March of 30 February; whoever wrote that meant something else.
  if (day === undefined || new Date(`${day}T00:00Z`).toISOString().slice(0, 10) !== day) return Number.NaN;
  return Date.parse(given);
}
