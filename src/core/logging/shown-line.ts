import { harmlessJson, mayHoldSecrets, shownJson } from '../redaction/index.js';

/** Longer lines are cut where they are long: whoever writes megabytes into a line fills disks. */
const MAX_LINE = 64 * 1024;
const MAX_BYTES = 256 * 1024;
const MAX_STRING = 16 * 1024;

/** What JSON leaves as it is, although a terminal obeys it or shows it as something else: C1, line ends, directions. */
const UNPRINTABLE = /[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

/**
 * A line as it may be written: without secrets, and without characters that steer a terminal.
 *
 * Nearly all lines have nothing that could be secret, and one look tells; only the others are taken apart.
 * @param line JSON, with the end of the line.
 */
export function shownLine(line: string): string {
  const isPlain = line.length <= MAX_LINE && !mayHoldSecrets(line);
  const shown = isPlain ? line : `${shownJson(JSON.parse(line), MAX_BYTES, MAX_STRING).json}\n`;
  return UNPRINTABLE.test(shown) ? harmlessJson(shown) : shown;
}
