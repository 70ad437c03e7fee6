import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Child } from '../../scripts/child.ts';
import { waitFor } from '../../scripts/wait.ts';
import type { BenchmarkContext } from './benchmark.ts';

const BOOT_TIMEOUT_MS = 60_000;
/** So that no request is refused: the limit is checked all the same, at every request. */
const NO_LIMIT = '10000000/1000s,burst=10000000';

/** The settings of the application under test: production's, but for the limits that a load generator would reach. */
export function environment(
  { redisUrl, name }: BenchmarkContext,
  databaseUrl: string,
): Record<string, string> {
  return {
    MODE: 'api',
    HOST: '127.0.0.1',
    PORT: '0',
    LOG_LEVEL: 'info',
    NODE_ENV: 'production',
    DATABASE_URL: databaseUrl,
    REDIS_URL: redisUrl,
    REDIS_PREFIX: `bench-${name}-${process.pid}`,
    THROTTLE_DEFAULT: NO_LIMIT,
    THROTTLE_SEARCH: NO_LIMIT,
    THROTTLE_RUN: NO_LIMIT,
    // What is cached stays so while it is measured.
    CACHE_TTL_MS: '3600000',
  };
}

/** A server process under test. */
export interface Server {
  url: string;
  port: number;
  pid: number;
  /** @throws Error with the end of its log when it is not running any more. */
  assertRunning(): void;
}

/** Starts the compiled application as production does, its log written to a file. */
export async function startApplication(
  context: BenchmarkContext,
  name: string,
  env: Record<string, string>,
): Promise<Server> {
  return startServer(
    context,
    name,
    ['--enable-source-maps', 'dist/main.js'],
    env,
    /listens on (http:\/\/[^"\s]+)/,
  );
}

/** Starts a Node program that says in its output where it listens; it is stopped with the benchmark. */
export async function startServer(
  { dir, stack, profile }: BenchmarkContext,
  name: string,
  args: readonly string[],
  env: Record<string, string>,
  listening: RegExp,
): Promise<Server> {
  const logFile = join(dir, `${name}.log`);
  const profiling = profile
    ? ['--cpu-prof', `--cpu-prof-dir=${dir}`, `--cpu-prof-name=${name}.cpuprofile`]
    : [];
  const child = Child.start(name, [...profiling, ...args], logFile, { PATH: process.env.PATH, ...env });
  stack.defer(() => child.stop());
  const url = await waitFor(name, BOOT_TIMEOUT_MS, new AbortController().signal, async () => {
    child.assertRunning();
    return listening.exec(readFileSync(logFile, 'utf8'))?.[1];
  });
  return { url, port: Number(new URL(url).port), pid: child.pid, assertRunning: () => child.assertRunning() };
}
