import { Redis } from 'ioredis';
import { existsSync, readFileSync } from 'node:fs';
import type { Client } from 'pg';

/** Ticks of the system's clock a second, in which it counts the time of processes; 100 on every Linux. */
const TICKS = 100;

/**
 * Seconds of CPU that a process has used so far, all its threads together; `NaN` where there is no /proc. What else runs
 * on the machine changes it far less than it changes throughput.
 */
export function cpuSeconds({ pid }: { pid: number }): number {
  const stat = statOf(pid);
  return (Number(stat[USER]) + Number(stat[SYSTEM])) / TICKS;
}

/** Seconds of CPU that the servers have used since some time or other; `NaN` where the system does not tell. */
export interface ServerCpu {
  postgres: number;
  redis: number;
}

/** Tells what PostgreSQL and Redis use, if they are on this machine. */
export class ServerCpuMeter {
  readonly #client: Client;
  readonly #redis: Redis;

  /** @param client of the server; stays the caller's. */
  constructor(client: Client, redisUrl: string, stack: AsyncDisposableStack) {
    this.#client = client;
    this.#redis = new Redis(redisUrl);
    stack.defer(() => this.#redis.disconnect());
  }

  async read(): Promise<ServerCpu> {
    const { rows } = await this.#client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    const info = await this.#redis.info('cpu');
    const redis = ['used_cpu_user', 'used_cpu_sys'].map((name) =>
      Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(info)?.[1]),
    );
    return { postgres: ofPostgres(rows[0]?.pid ?? 0), redis: redis.reduce((sum, part) => sum + part) };
  }
}

/** The postmaster with the processes that it has, and those that it had. @param backend one of them. */
function ofPostgres(backend: number): number {
  const parent = Number(statOf(backend)[PARENT]);
  const stat = statOf(parent);
  const children = `/proc/${parent}/task/${parent}/children`;
  // The server may be elsewhere, and its process ids mean others here.
  if (!existsSync(children) || !nameOf(backend).startsWith('postgres')) return Number.NaN;
  const pids = readFileSync(children, 'utf8').trim().split(' ').map(Number);
  const running = [parent, ...pids].map((pid) => cpuSeconds({ pid }));
  // One may have ended since it was listed.
  const known = running.filter((seconds) => !Number.isNaN(seconds)).reduce((sum, part) => sum + part, 0);
  return known + (Number(stat[ENDED_USER]) + Number(stat[ENDED_SYSTEM])) / TICKS;
}

const nameOf = (pid: number): string => readIfThere(`/proc/${pid}/comm`);

/** Fields of /proc/<pid>/stat behind the name: see proc_pid_stat(5), which counts from 1 and the name as the second. */
const [PARENT, USER, SYSTEM, ENDED_USER, ENDED_SYSTEM] = [1, 11, 12, 13, 14] as const;

function statOf(pid: number): string[] {
  // Behind the name, which stands in parentheses and may contain anything.
  return readIfThere(`/proc/${pid}/stat`).split(') ').at(-1)?.split(' ') ?? [];
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
