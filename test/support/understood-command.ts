import { runProgram } from '../../src/operations/cli/program.js';
import type { Tools } from '../../src/operations/cli/tools.js';

class Opened extends Error {}

interface Recording extends Tools {
  readonly told: string[];
  status: number;
}

export interface Understood {
  /** What it has told instead of beginning: help, or what is wrong with it. */
  told: string;
  status: number;
  /** Whether it went as far as opening the application. */
  began: boolean;
}

/** Of commands that are understood no more is seen than that they begin. */
export function recordingTools(): Recording {
  const told: string[] = [];
  const recording: Recording = {
    told,
    status: 0,
    open: async () => {
      throw new Opened();
    },
    fail: (status: number) => void (recording.status = status),
    terminal: {
      out: (text: string) => void told.push(text),
      note: (text: string) => void told.push(text),
      progress: () => undefined,
      width: undefined,
      paint: (_: string, text: string) => text,
    },
  };
  return recording;
}

/** What becomes of a command line, without the name of the program; nothing is done. */
export async function understood(line: string): Promise<Understood> {
  const tools = recordingTools();
  const began = await runProgram(wordsOf(line), tools).then(
    () => false,
    (error: unknown) => {
      if (error instanceof Opened) return true;
      throw error;
    },
  );
  return { told: tools.told.join(''), status: tools.status, began };
}

/** As a shell would read it: quotation marks, and without comments and what goes elsewhere. */
function wordsOf(line: string): string[] {
  return [...line.replace(/ +[#|>] .*$/, '').matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    ([, single, double, bare]) => single ?? double ?? bare ?? '',
  );
}
