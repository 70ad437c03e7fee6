import { execFile, spawn } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { inject } from 'vitest';
import { provideServices, type Services } from '../../scripts/services/index.ts';
import { eventually } from './eventually.js';

const run = promisify(execFile);

/** A migrated PostgreSQL of a test file's own, to be stopped, frozen and started again; the shared one serves others. */
export class OwnPostgres {
  private constructor(
    readonly url: string,
    private readonly services: Services,
    private readonly data: string,
    private pid: number,
  ) {}

  /** @param name of its folder; one for each test file. */
  static async provide(name: string): Promise<OwnPostgres> {
    const services = await provideServices({
      dir: `.gleaner/test/${name}`,
      ephemeral: true,
      env: { ...process.env, DATABASE_URL: undefined, REDIS_URL: inject('redisUrl') },
    });
    const client = new Client({ connectionString: services.databaseUrl });
    await client.connect();
    const { rows } = await client.query<{ data_directory: string }>('SHOW data_directory');
    await client.end();
    const data = rows[0]?.data_directory ?? '';
    const env = { ...process.env, DATABASE_URL: services.databaseUrl };
    await run(process.execPath, ['dist/migrate.js'], { env });
    return new OwnPostgres(services.databaseUrl, services, data, await postmasterOf(data));
  }

  /** One statement on a connection of its own. */
  async query<T>(sql: string, values?: unknown[]): Promise<T[]> {
    const client = new Client({ connectionString: this.url, connectionTimeoutMillis: 2000 });
    client.on('error', () => undefined); // The server is stopped here on purpose.
    await client.connect();
    try {
      return (await client.query(sql, values)).rows as T[];
    } finally {
      await client.end();
    }
  }

  /** Ends the server as an administrator would in a hurry: connections are cut, statements end. */
  async stop(): Promise<void> {
    process.kill(this.pid, 'SIGINT');
    await eventually('PostgreSQL to stop', async () => (isAlive(this.pid) ? undefined : true));
  }

  /** Kills every process of the server: nothing is written any more, and what was not is recovered from the log. */
  async kill(): Promise<void> {
    const pids = [this.pid, ...(await this.children())];
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    await eventually('PostgreSQL to be gone', async () => (pids.some(isAlive) ? undefined : true));
  }

  /** Starts the server again as it was: same folder, same port. */
  async start(): Promise<void> {
    const command = (await readFile(join(this.data, 'postmaster.opts'), 'utf8')).trim();
    const [program = '', ...args] = command.split(/\s+/).map((word) => word.replace(/^"|"$/g, ''));
    const { uid, gid } = await stat(this.data);
    const server = spawn(program, args, { uid, gid, stdio: 'ignore', cwd: '/' });
    this.pid = server.pid ?? Number.NaN;
    await eventually('PostgreSQL to start', async () => (await this.query('SELECT 1')).length);
  }

  /** Stops every process of the server in its tracks: connections stay open, and nothing answers. */
  async freeze(): Promise<void> {
    for (const pid of [this.pid, ...(await this.children())]) process.kill(pid, 'SIGSTOP');
  }

  async thaw(): Promise<void> {
    for (const pid of [...(await this.children()), this.pid]) process.kill(pid, 'SIGCONT');
  }

  async dispose(): Promise<void> {
    if (isAlive(this.pid)) await this.stop();
    await this.services.stop();
  }

  private async children(): Promise<number[]> {
    const { stdout } = await run('pgrep', ['-P', String(this.pid)]);
    return stdout.trim().split('\n').map(Number);
  }
}

async function postmasterOf(data: string): Promise<number> {
  return Number((await readFile(join(data, 'postmaster.pid'), 'utf8')).split('\n')[0]);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false; // No such process.
  }
}
