import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findFreePort } from '../../scripts/services/index.ts';
import { findOrInstallPgBouncer } from '../../scripts/services/pgbouncer-binary.ts';
import { postgresUser } from '../../scripts/services/server-user.ts';
import { eventually } from './eventually.js';
import { Client } from 'pg';

export interface PgBouncer {
  /** The given database, through the pooler. */
  url: string;
  stop(): Promise<void>;
}

/**
 * PgBouncer in transaction mode before the database of a URL, as its package comes: no startup parameter is ignored.
 * @param poolSize connections to the server: fewer than clients have, so that they are really shared.
 */
export async function startPgBouncer(databaseUrl: string, poolSize: number): Promise<PgBouncer> {
  const server = new URL(databaseUrl);
  const folder = await mkdtemp(join(tmpdir(), 'gleaner-pgbouncer-'));
  const program = await findOrInstallPgBouncer(
    process.env.PATH ?? '',
    join(folder, 'install.log'),
    console.log,
  );
  const port = await findFreePort();
  const users = join(folder, 'users.txt');
  const configuration = join(folder, 'pgbouncer.ini');
  await writeFile(users, `"${server.username}" "${server.password}"\n`);
  await writeFile(
    configuration,
    [
      '[databases]',
      `* = host=${server.hostname} port=${server.port}`,
      '[pgbouncer]',
      'listen_addr = 127.0.0.1',
      `listen_port = ${port}`,
      'unix_socket_dir =',
      'pool_mode = transaction',
      `default_pool_size = ${poolSize}`,
      'auth_type = scram-sha-256',
      `auth_file = ${users}`,
      `logfile = ${join(folder, 'pgbouncer.log')}`,
      '',
    ].join('\n'),
  );
  // It refuses to run as root, as PostgreSQL does.
  const user = postgresUser(() => undefined);
  if (user) for (const file of [folder, users, configuration]) await chown(file, user.uid, user.gid);
  const child = spawn(program, [configuration], { ...user, cwd: '/', stdio: 'ignore' });
  const exited = once(child, 'exit');
  const url = new URL(databaseUrl);
  url.host = `127.0.0.1:${port}`;
  await eventually('PgBouncer to answer', async () => {
    const client = new Client({ connectionString: url.href });
    await client.connect();
    await client.end();
    return true;
  });
  return {
    url: url.href,
    async stop() {
      child.kill('SIGINT');
      await exited;
      await rm(folder, { recursive: true });
    },
  };
}
