import { mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { Ops } from '../support/ops.js';
import { GleanerProcess } from '../support/gleaner-process.js';

let environment: TestEnvironment;
let directory: string;

beforeAll(async () => {
  environment = await createEnvironment({ MODE: 'all', LOG_LEVEL: 'debug' });
  directory = await mkdtemp(join(tmpdir(), 'gleaner-logs-'));
});
afterAll(async () => {
  await rm(directory, { recursive: true });
  await environment?.dispose();
});

const linesIn = (text: string): string[] => text.split('\n').filter((line) => line.startsWith('{'));

async function missing(url: string): Promise<Record<string, number>> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const found = text.matchAll(/^gleaner_log_write_failures_total\{file="(\w+)"[^}]*\} (\d+)$/gm);
  return Object.fromEntries([...found].map(([, file, count]) => [file, Number(count)]));
}

describe('a process with LOG_DIR', () => {
  it('writes to files what it writes to stdout, to the last line', async () => {
    const logs = join(directory, 'made', 'by', 'it');
    const gleaner = GleanerProcess.spawn({ ...environment.env, LOG_DIR: logs });
    const url = await gleaner.listening();
    await Promise.all(Array.from({ length: 50 }, async () => (await fetch(`${url}/api/v1/tags`)).text()));
    await eventually('a task', async () => /"module":"TaskLog".*task succeeded/.exec(gleaner.log)?.[0]);
    expect(await missing(url)).toEqual({ app: 0, tasks: 0, scraping: 0 });
    gleaner.kill('SIGTERM');
    expect(await gleaner.exit()).toBe(0);
    const stdout = linesIn(gleaner.log);
    expect(linesIn(await readFile(join(logs, 'app.log'), 'utf8'))).toEqual(stdout);
    expect(linesIn(await readFile(join(logs, 'tasks.log'), 'utf8'))).toEqual(
      stdout.filter((line) => line.includes('"module":"TaskLog"')),
    );
  });

  it('goes on when the disk is full, on stdout as well, counts what the files miss, and says so', async () => {
    await symlink('/dev/full', join(directory, 'app.log'));
    const gleaner = GleanerProcess.spawn({ ...environment.env, LOG_DIR: directory });
    const url = await gleaner.listening();
    await eventually('lines to be missed', async () => ((await missing(url)).app ?? 0) > 10 || undefined);
    const answer = await fetch(`${url}/api/v1/tags`);
    expect(answer.status).toBe(200);
    const id = answer.headers.get('x-request-id') ?? '';
    await eventually('its line', async () => gleaner.log.includes(id) || undefined);
    await eventually('the warning', async () => /"reason":"ENOSPC".*misses lines/.exec(gleaner.log)?.[0]);
    expect((await missing(url)).tasks).toBe(0);
    // The heartbeat of this half minute may have been the other process's, and the next is far away.
    const now = new Date().toISOString();
    const payload = { slot: now, sentAt: now, schedulerId: 'a test' };
    await new Ops(url).post('/tasks', { name: 'beat.heartbeat', payload });
    await eventually('another file', async () => readFile(join(directory, 'tasks.log'), 'utf8'));
    gleaner.kill('SIGTERM');
    expect(await gleaner.exit()).toBe(0);
  });
});
