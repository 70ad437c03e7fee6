import { harmlessLine } from '../../../core/redaction/index.js';
import { widthOf } from '../text-width.js';

/** Some of the text around a position, and a caret below it. */
export function pointedAt(given: string, position: number): string {
  const from = Math.max(0, position - 50);
  const before = (from > 0 ? '…' : '') + harmlessLine(given.slice(from, position));
  const after =
    harmlessLine(given.slice(position, position + 25)) + (given.length > position + 25 ? '…' : '');
  return `  ${before}${after}\n  ${' '.repeat(widthOf(before))}^`;
}
