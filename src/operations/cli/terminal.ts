import { styleText } from 'node:util';
import { harmless, harmlessLine } from '../../core/redaction/index.js';
import { cutTo } from './text-width.js';

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

/** Where a command writes: results to `out`, what is only for people to `note`. */
export interface Terminal {
  /** As it is: whoever writes sees to it that it is harmless. */
  readonly out: (text: string) => void;
  readonly note: (text: string) => void;
  /** How something goes: in place on a terminal, elsewhere a line for each change. */
  readonly progress: (text: string) => void;
  /** Columns of the screen that results are read on; `undefined` when they go elsewhere. */
  readonly width: number | undefined;
  /** Colours for results that are read on a screen, unless NO_COLOR says that nobody wants them. */
  readonly paint: (style: Style, text: string) => string;
}

const CLEAR_LINE = '\r\u001b[2K';

/** The terminal of this process. */
export function processTerminal(): Terminal {
  const { stdout, stderr } = process;
  let shown: string | undefined;
  for (const stream of [stdout, stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      // Whoever reads has seen enough, as `head` does.
      if (error.code === 'EPIPE') process.exit();
      throw error;
    });
  const clear = (): void => {
    if (shown !== undefined && stderr.isTTY) stderr.write(CLEAR_LINE);
    shown = undefined;
  };
  return {
    out: (text) => {
      clear();
      stdout.write(text);
    },
    note: (text) => {
      clear();
      stderr.write(harmless(text));
    },
    progress: (text) => {
      const line = harmlessLine(text);
      if (stderr.isTTY) stderr.write(CLEAR_LINE + cutTo(stderr.columns - 1, line));
      else if (line !== shown) stderr.write(`${line}\n`);
      shown = line;
    },
    width: stdout.isTTY ? stdout.columns : undefined,
    paint: (style, text) => styleText(style, text, { stream: stdout }),
  };
}
