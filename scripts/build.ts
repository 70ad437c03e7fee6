import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const INPUTS = ['src', 'package-lock.json', 'nest-cli.json', 'tsconfig.json', 'tsconfig.build.json'];
const STAMP = join('dist', '.built');

/** Compiles `src` to `dist`, unless that has happened since the last change. */
export async function buildIfStale(say: (line: string) => void, signal?: AbortSignal): Promise<void> {
  const newest = Math.max(...INPUTS.map(newestChange));
  if (newest <= (statSync(STAMP, { throwIfNoEntry: false })?.mtimeMs ?? 0)) return;
  say('building …');
  const [code] = (await once(spawn('nest', ['build'], { stdio: 'inherit', signal }), 'exit')) as [
    number | null,
  ];
  if (code !== 0) throw new Error('the build failed (see above)');
  writeFileSync(STAMP, '');
  // The time of what was built, not of the build's end: a file saved meanwhile makes the next build.
  utimesSync(STAMP, new Date(), new Date(Math.ceil(newest)));
}

function newestChange(path: string): number {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  const inside = readdirSync(path).map((name) => newestChange(join(path, name)));
  return Math.max(stat.mtimeMs, ...inside);
}
