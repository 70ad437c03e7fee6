import { styleText } from 'node:util';
import { harmless, harmlessJson, harmlessLine } from '../redaction/index.js';

type Style = Parameters<typeof styleText>[0];

const STYLES: Readonly<Record<string, Style>> = {
  trace: 'dim',
  debug: 'dim',
  warn: 'yellow',
  error: 'red',
  fatal: ['red', 'bold'],
};
/** The same in every line of a process, so of no use to whoever looks at one. */
const LEFT_OUT = new Set(['service', 'mode', 'instance']);

/**
 * A line for a person at a terminal: time, level, module, message, what else it says, and below it the trace of its
 * error. Whatever was in it, nothing of it steers the terminal.
 */
export function prettyLine(line: string): string {
  const { time, level, module, msg, err, ...others } = JSON.parse(line) as Record<string, unknown>;
  const name = String(level);
  const fields = Object.entries(others)
    .filter(([key]) => !LEFT_OUT.has(key))
    .map(([key, value]) => ` ${harmlessLine(key)}=${plain(value)}`);
  const head = `${String(time).slice(11, 23)} ${name.toUpperCase().padEnd(5)}`;
  const from = typeof module === 'string' ? ` [${harmlessLine(module)}]` : '';
  return [
    STYLES[name] ? styleText(STYLES[name], head, { validateStream: false }) : head,
    from,
    typeof msg === 'string' && msg !== '' ? ` ${harmlessLine(msg)}` : '',
    styleText('dim', fields.join(''), { validateStream: false }),
    '\n',
    ...traceOf(err),
  ].join('');
}

/** Text without quotes where it stands for itself. */
function plain(value: unknown): string {
  if (typeof value === 'string' && /^[^\s"=]+$/.test(value)) return harmlessLine(value);
  return harmlessJson(JSON.stringify(value));
}

function traceOf(err: unknown): string[] {
  if (err === undefined) return [];
  const stack = typeof err === 'object' && err !== null && 'stack' in err ? err.stack : undefined;
  const text = typeof stack === 'string' ? stack : JSON.stringify(err);
  return harmless(text)
    .split('\n')
    .map((each) => `    ${each}\n`);
}
