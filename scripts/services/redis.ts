import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pingRedis } from './answering.ts';
import { findFreePort } from './free-port.ts';
import type { Home, Keeper } from './keeper-client.ts';
import { untilReady } from './readiness.ts';

/** Starts Redis (or Valkey) below the home and returns its URL, with a password that is new at every start. */
export async function startRedis(home: Home, keeper: Keeper, binary: string): Promise<string> {
  const folder = join(home.path, 'redis');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const port = await findFreePort();
  const password = randomBytes(24).toString('base64url');
  const configuration = join(folder, 'redis.conf');
  // A file that only we can read: every user of the machine can read the arguments of a process.
  await writeFile(configuration, configurationOf({ port, password, folder, ephemeral: home.ephemeral }), {
    mode: 0o600,
  });
  const server = keeper.startServer({
    name: 'Redis',
    command: binary,
    args: [configuration],
    user: undefined,
    logFile: join(home.path, 'redis.log'),
    stopSignal: 'SIGTERM',
    title: `127.0.0.1:${port}`,
  });
  const url = `redis://:${password}@127.0.0.1:${port}`;
  await untilReady(server, () => pingRedis(url));
  return url;
}

function configurationOf(options: {
  port: number;
  password: string;
  folder: string;
  ephemeral: boolean;
}): string {
  return [
    'bind 127.0.0.1',
    `port ${options.port}`,
    'protected-mode yes',
    `requirepass ${options.password}`,
    // A queue must refuse a job rather than forget another.
    'maxmemory-policy noeviction',
    `dir ${JSON.stringify(options.folder)}`,
    `appendonly ${options.ephemeral ? 'no' : 'yes'}`,
    'save ""',
    'daemonize no',
    '',
  ].join('\n');
}
