import { cutTo, widthOf } from './text-width.js';

export interface TableOptions {
  /** Columns of the screen; without it nothing is cut. */
  readonly width?: number | undefined;
  /** Columns of the table that are of no use when they are cut, such as ids. */
  readonly whole?: ReadonlySet<number>;
  readonly paint?: (text: string, row: number, column: number) => string;
}

const GAP = '  ';
/** No column is cut to less: there would be nothing left to read. */
const MIN_WIDTH = 6;

/** Rows as columns of text, for eyes; the first row is the heading. */
export function table(rows: readonly (readonly string[])[], options: TableOptions = {}): string {
  const { width, whole = new Set(), paint = (text) => text } = options;
  const natural = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => widthOf(row[column] ?? ''))),
  );
  const widths = width === undefined ? natural : fitted(natural, width, whole);
  return rows
    .map((row, at) => {
      const last = row.findLastIndex((cell) => cell !== '');
      return row
        .slice(0, last + 1)
        .map((cell, column) => {
          const room = widths[column] ?? 0;
          const text = cutTo(room, cell);
          const padding = column === last ? '' : ' '.repeat(room - widthOf(text));
          return paint(text, at, column) + padding;
        })
        .join(GAP);
    })
    .join('\n');
}

/** The widest columns give way first. What still does not fit is for the terminal to wrap. */
function fitted(natural: readonly number[], width: number, whole: ReadonlySet<number>): number[] {
  const widths = [...natural];
  const room = width - GAP.length * (widths.length - 1);
  for (let over = sum(widths) - room; over > 0; over--) {
    const cuttable = widths.map((one, column) => (whole.has(column) ? 0 : one));
    const widest = Math.max(...cuttable);
    if (widest <= MIN_WIDTH) break;
    widths[cuttable.indexOf(widest)]! -= 1;
  }
  return widths;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);
