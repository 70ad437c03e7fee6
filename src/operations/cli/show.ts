import { table } from './table.js';
import type { Terminal } from './terminal.js';

/** A column: its heading, and what it says of a row. */
export type Column<T> = readonly [heading: string, read: (row: T) => string | number | null | undefined];

/** A list as a table for people, or as JSON for programs. */
export function showList<T>(
  terminal: Terminal,
  json: boolean | undefined,
  rows: readonly T[],
  columns: readonly Column<T>[],
  whenEmpty: string,
): void {
  if (json) return showJson(terminal, rows);
  if (rows.length === 0) return terminal.note(`${whenEmpty}\n`);
  const cells = rows.map((row) => columns.map(([, read]) => printable(read(row))));
  terminal.out(`${table([columns.map(([heading]) => heading), ...cells])}\n`);
}

export function showJson({ out }: Terminal, value: unknown): void {
  out(`${JSON.stringify(value, undefined, 2)}\n`);
}

/** What comes from outside must not move the cursor, nor break the table. */
function printable(value: string | number | null | undefined): string {
  // oxlint-disable-next-line no-control-regex -- that is what it is about
  return String(value ?? '–').replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
}

/** How long, as people say it: 950 ms, 12 s, 5 min, 3 h, 2 d. */
export function duration(ms: number): string {
  const [amount, unit] =
    ms < 1000
      ? [ms, 'ms']
      : ms < 120_000
        ? [ms / 1000, 's']
        : ms < 7_200_000
          ? [ms / 60_000, 'min']
          : ms < 172_800_000
            ? [ms / 3_600_000, 'h']
            : [ms / 86_400_000, 'd'];
  return `${Math.round(amount)} ${unit}`;
}
