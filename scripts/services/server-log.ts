import { readFile } from 'node:fs/promises';

const TAIL_LINES = 15;

/** The last lines of a log, indented, to stand in an error message. */
export async function tailOf(file: string): Promise<string> {
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n').slice(-TAIL_LINES);
  return [`last lines of ${file}:`, ...lines.map((line) => `  ${line}`)].join('\n');
}
