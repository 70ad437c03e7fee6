import { messageOf } from '../core/errors/index.js';
import { type Applications, processTerminal, runProgram } from '../operations/cli/index.js';

/** The one place from which the application is loaded: only for commands that do something. */
const load = async () => import('./cli-applications.js');

/** The command line. Ends with status 0, 1 (it did not work), 2 (not understood) or 78 (configuration). */
export async function runCli(words: readonly string[]): Promise<void> {
  const terminal = processTerminal();
  const fail = (status: number): void => void (process.exitCode = status);
  try {
    await using stack = new AsyncDisposableStack();
    const opened = new Map<keyof Applications, Promise<unknown>>();
    const open = async <Part extends keyof Applications>(part: Part): Promise<Applications[Part]> => {
      if (!opened.has(part))
        opened.set(
          part,
          load().then(async ({ applications }) => applications[part](stack)),
        );
      return opened.get(part) as Promise<Applications[Part]>;
    };
    await runProgram(words, { open, terminal, fail });
  } catch (error) {
    fail(statusOf(error));
    terminal.note(`${reasonOf(error)}\n`);
    // What a boot that failed has opened nobody can close, and it would keep the process.
    process.stderr.write('', () => process.exit());
  }
}

function reasonOf(error: unknown): string {
  // What ioredis says speaks of its options.
  if (error instanceof Error && error.name === 'MaxRetriesPerRequestError')
    return 'Redis does not answer. "gleaner doctor" tells more.';
  return messageOf(error);
}

/** Errors that have a status of their own have it in their class, as `exitCode`. */
function statusOf(error: unknown): number {
  const { exitCode = 1 } = (error instanceof Error ? error.constructor : {}) as { exitCode?: number };
  return exitCode;
}
