import type { JsonValue } from '../record-item.js';

/** A line of RFC 4180. */
export function csvLine(cells: readonly (JsonValue | undefined)[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`;
}

/** What spreadsheets take for the beginning of a formula; a scraped page must not run one on somebody's desk. */
const FORMULA = /^[=+\-@\t\r]/;
const PLAIN_NUMBER = /^[+-]?\d+(?:[.,]\d+)?$/;

/** Lists are JSON; what is not there is an empty cell. */
function csvCell(value: JsonValue | undefined): string {
  if (value === undefined || value === null) return '';
  if (typeof value !== 'string')
    return typeof value === 'object' ? quoted(JSON.stringify(value)) : String(value);
  return quoted(FORMULA.test(value) && !PLAIN_NUMBER.test(value) ? `'${value}` : value);
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
