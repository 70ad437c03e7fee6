import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Brings a database up to date with the compiled application, as a release does. */
export async function migrate(databaseUrl: string, signal?: AbortSignal): Promise<void> {
  const env = { ...process.env, DATABASE_URL: databaseUrl };
  const child = spawn(process.execPath, ['dist/migrate.js'], {
    env,
    signal,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => (output += data.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`migrating the database failed:\n${output}`);
}
