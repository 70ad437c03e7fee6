import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chown, mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pingPostgres, queryPostgres } from './answering.ts';
import { commandLineOf } from './command-line.ts';
import { hasCode, ServicesError } from './errors.ts';
import { findFreePort } from './free-port.ts';
import type { Home, Keeper } from './keeper-client.ts';
import type { PostgresBinaries } from './postgres-binaries.ts';
import { untilReady } from './readiness.ts';
import { tailOf } from './server-log.ts';
import type { ServerUser } from './server-user.ts';

const ROLE = 'gleaner';
const DATABASE = 'gleaner';

const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  // Several applications and a test runner with a pool each.
  max_connections: '200',
};

/** Data that is thrown away need not survive a crash. */
const EPHEMERAL_SETTINGS = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };

/** Starts PostgreSQL below the home, creating its data folder the first time; returns the URL of the database. */
export async function startPostgres(
  home: Home,
  keeper: Keeper,
  binaries: PostgresBinaries,
  user: ServerUser | undefined,
  say: (line: string) => void,
): Promise<string> {
  const folder = join(home.path, 'postgres');
  const data = join(folder, 'data');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if (user) await chown(folder, user.uid, user.gid);
  const password = await passwordIn(folder, user);
  if (existsSync(data)) {
    await checkMajor(data, binaries);
    await removeStalePid(data);
  } else {
    if (!home.ephemeral) say(`creating PostgreSQL's data folder ${data}`);
    await createCluster(folder, data, binaries, user, home.ephemeral);
  }

  const port = await findFreePort();
  const settings = { ...SETTINGS, port: String(port), ...(home.ephemeral ? EPHEMERAL_SETTINGS : {}) };
  const server = keeper.startServer({
    name: 'PostgreSQL',
    command: binaries.postgres,
    args: ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    user,
    logFile: join(home.path, 'postgres.log'),
    stopSignal: 'SIGINT',
    title: data,
  });
  const url = (database: string): string => `postgres://${ROLE}:${password}@127.0.0.1:${port}/${database}`;
  await untilReady(server, () => pingPostgres(url('postgres')));
  await ensureDatabase(url('postgres'));
  return url(DATABASE);
}

/** One random password for each data folder, in a file that only the server's user (and root) can read. */
async function passwordIn(folder: string, user: ServerUser | undefined): Promise<string> {
  const file = join(folder, 'password');
  if (!existsSync(file)) {
    const draft = `${file}.new`;
    await writeFile(draft, randomBytes(24).toString('base64url'), { mode: 0o600 });
    if (user) await chown(draft, user.uid, user.gid);
    await rename(draft, file);
  }
  return readFile(file, 'utf8');
}

/** initdb works on a draft that is renamed when complete: an interrupted one is never taken for a cluster. */
async function createCluster(
  folder: string,
  data: string,
  binaries: PostgresBinaries,
  user: ServerUser | undefined,
  ephemeral: boolean,
): Promise<void> {
  const draft = `${data}.new`;
  const logFile = join(folder, 'initdb.log');
  await rm(draft, { recursive: true, force: true });
  const log = await open(logFile, 'w', 0o600);
  const options = {
    pgdata: draft,
    username: ROLE,
    pwfile: join(folder, 'password'),
    auth: 'scram-sha-256',
    encoding: 'UTF8',
    // PostgreSQL's own C.UTF-8 sorts and folds case alike on every platform, whatever locales are installed.
    locale: 'C',
    'locale-provider': 'builtin',
    'builtin-locale': 'C.UTF-8',
  };
  const args = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
  const initdb = spawn(binaries.initdb, ephemeral ? [...args, '--no-sync'] : args, {
    cwd: '/',
    env: { PATH: process.env.PATH, LC_ALL: 'C' },
    stdio: ['ignore', log.fd, log.fd],
    ...user,
  });
  const [code, signal] = await once(initdb, 'exit');
  await log.close();
  if (code !== 0) {
    throw new ServicesError(`initdb failed (${signal ?? `exit code ${code}`}); ${await tailOf(logFile)}`);
  }
  await rename(draft, data);
}

async function checkMajor(data: string, { major }: PostgresBinaries): Promise<void> {
  const found = (await readFile(join(data, 'PG_VERSION'), 'utf8')).trim();
  if (found === major) return;
  throw new ServicesError(
    `${data} was created by PostgreSQL ${found}, but PostgreSQL ${major} is installed and cannot read it. ` +
      'Dump it with the old version if you need the data; then remove that folder, and a new one is created.',
  );
}

/**
 * A killed PostgreSQL leaves postmaster.pid, and refuses to start while a process with that pid exists, even a
 * stranger that was given the same number. We hold the lock of the folder, so no PostgreSQL of ours is there.
 */
async function removeStalePid(data: string): Promise<void> {
  const file = join(data, 'postmaster.pid');
  try {
    const pid = Number((await readFile(file, 'utf8')).split('\n')[0]);
    if (!commandLineOf(pid)?.includes(data)) await rm(file);
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
  }
}

async function ensureDatabase(url: string): Promise<void> {
  const { rowCount } = await queryPostgres(url, `SELECT FROM pg_database WHERE datname = '${DATABASE}'`);
  if (rowCount === 0) await queryPostgres(url, `CREATE DATABASE ${DATABASE}`);
}
