import { DateTime } from 'luxon';
import { compileDateFormat, DATE_LOCALE } from '../../sources/index.js';

/** A date, or a date and a time, by ISO 8601 or as SQL writes it. */
const ISO =
  /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?(?: ?(Z|[+-]\d{2}(?::?\d{2})?))?)?$/i;

/** Longer text is no date. */
const MAX_LENGTH = 100;

export type DateReader = (text: string) => string | null;

/**
 * Compiles a reader of dates in this format, or by ISO 8601. It gives `2024-05-17` when there is no time, the moment in
 * UTC (`2024-05-17T13:45:00Z`) when the offset is known, and else the time of wherever it was (`2024-05-17T13:45:00`).
 */
export function compileDateReader(format: string | undefined): DateReader {
  if (format === undefined) return isoDate;
  const { parser, hasTime, hasZone } = compileDateFormat(format);
  return (text) => {
    if (text.length > MAX_LENGTH) return null;
    return shown(DateTime.fromFormatParser(text, parser, DATE_LOCALE), hasTime, hasZone);
  };
}

function isoDate(text: string): string | null {
  const [match, zone] = text.length <= MAX_LENGTH ? (ISO.exec(text) ?? []) : [];
  if (match === undefined) return null;
  const iso = match.replace(' ', 'T').replaceAll(' ', '').replace(',', '.');
  return shown(DateTime.fromISO(iso, DATE_LOCALE), match.length > 10, zone !== undefined);
}

/** The year 0 of ISO 8601 is none that databases know. */
function shown(date: DateTime, hasTime: boolean, hasZone: boolean): string | null {
  if (!date.isValid || date.year < 1 || date.year > 9999) return null;
  if (!hasTime) return date.toISODate();
  return date.toISO({ includeOffset: hasZone, suppressMilliseconds: true });
}
