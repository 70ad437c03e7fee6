import { spawn } from 'node:child_process';
import { once } from 'node:events';

/**
 * Runs a program of the compiled application to its end.
 * @param args for Node, beginning with the program's file.
 * @returns what it wrote to standard output.
 */
export async function runProgram(
  what: string,
  args: readonly string[],
  databaseUrl: string,
  signal?: AbortSignal,
): Promise<string> {
  const env = { ...process.env, DATABASE_URL: databaseUrl };
  const child = spawn(process.execPath, args, { env, signal, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let errors = '';
  child.stdout.on('data', (data: Buffer) => (output += data.toString()));
  child.stderr.on('data', (data: Buffer) => (errors += data.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${what} failed:\n${output}${errors}`);
  return output;
}
