import { harmlessJson, harmlessLine } from '../../core/redaction/index.js';
import { table } from './table.js';
import type { Style, Terminal } from './terminal.js';

/** A column: its heading, what it says of a row, and how. */
export type Column<T> = readonly [
  heading: string,
  read: (row: T) => string | number | null | undefined,
  how?: {
    /** Of no use when it is cut. */
    readonly whole?: boolean;
    readonly style?: (row: T) => Style | undefined;
  },
];

/** For columns of ids: they are there to be copied. */
export const WHOLE = { whole: true };

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
  showTable(terminal, rows, columns);
}

export function showTable<T>(terminal: Terminal, rows: readonly T[], columns: readonly Column<T>[]): void {
  const headings = columns.map(([heading]) => heading);
  const cells = rows.map((row) => columns.map(([, read]) => harmlessLine(String(read(row) ?? '–'))));
  const styleOf = (row: number, column: number): Style | undefined =>
    row === 0 ? 'bold' : columns[column]?.[2]?.style?.(rows[row - 1]!);
  const text = table([headings, ...cells], {
    width: terminal.width,
    whole: new Set(columns.flatMap(([, , how], column) => (how?.whole ? [column] : []))),
    paint: (cell, row, column) => {
      const style = styleOf(row, column);
      return style ? terminal.paint(style, cell) : cell;
    },
  });
  terminal.out(`${text}\n`);
}

/** What is known of one thing, a line for each. */
export function showFacts(
  { out, width, paint }: Terminal,
  facts: readonly (readonly [name: string, value: string])[],
): void {
  const rows = facts.map(([name, value]) => [name, harmlessLine(value)]);
  const bold = (cell: string, _: number, column: number): string =>
    column === 0 ? paint('bold', cell) : cell;
  out(`${table(rows, { width, paint: bold })}\n`);
}

export function showJson({ out }: Terminal, value: unknown): void {
  out(`${harmlessJson(JSON.stringify(value, undefined, 2))}\n`);
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

/** Seconds are enough for eyes. */
export const timeOf = (time: Date): string => `${time.toISOString().slice(0, 19)}Z`;
