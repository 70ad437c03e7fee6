import { Program } from './program.js';

/** Runs the compiled command line as an operator would; `env` is all that it sees. */
export async function gleaner(
  line: string | readonly string[],
  env: Record<string, string>,
): Promise<{ code: number | null; out: string }> {
  const words = typeof line === 'string' ? line.split(' ').filter(Boolean) : line;
  const program = new Program(process.execPath, ['dist/cli.js', ...words], {
    env: { PATH: process.env.PATH, ...env },
  });
  return { code: await program.exit(), out: program.log };
}

/** Runs it in a terminal of 80 columns, such as it is: with what moves the cursor and colours. */
export async function gleanerOnTerminal(line: string, env: Record<string, string>): Promise<string> {
  const inTerminal = `stty cols 80 && exec "${process.execPath}" dist/cli.js ${line}`;
  const program = new Program('script', ['--quiet', '--command', inTerminal, '/dev/null'], {
    env: { PATH: process.env.PATH, TERM: 'xterm-256color', ...env },
  });
  await program.exit();
  return program.log;
}
