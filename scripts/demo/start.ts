import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildIfStale } from '../build.ts';
import { Child } from '../child.ts';
import { migrate } from '../migrate.ts';
import { runProgram } from '../run-program.ts';
import { findFreePort, provideServices } from '../services/index.ts';
import { waitFor } from '../wait.ts';

const DEFAULT_PORT = 3000;
const SITE_PORT = 8089;
const BOOT_TIMEOUT_MS = 60_000;

export interface Demo {
  url: string;
  siteUrl: string;
  databaseUrl: string;
  logFile: string;
  /** Made for this demo; it opens nothing once the demo has ended. */
  key: string;
  app: Child;
}

/** Everything the demo needs, one after another; what has been started is on the stack, to be stopped in reverse. */
export async function startDemo(
  dir: string,
  stack: AsyncDisposableStack,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<Demo> {
  mkdirSync(dir, { recursive: true });
  const port = await choosePort(say);
  await buildIfStale(say, signal);
  say('starting PostgreSQL and Redis …');
  const services = await provideServices({ dir: join(dir, 'services'), say });
  stack.defer(() => services.stop());
  signal.throwIfAborted();
  const { databaseUrl, redisUrl } = services;
  await migrate(databaseUrl, signal);
  const key = await makeKey(databaseUrl, signal);
  stack.defer(async () => {
    await runProgram(
      'revoking the key',
      ['dist/cli.js', 'key', 'revoke', key.split('_')[1] ?? ''],
      databaseUrl,
    );
  });

  const siteLog = join(dir, 'site.log');
  const sitePort = await findFreePort(SITE_PORT);
  const site = Child.start(
    'the quotes site',
    ['test/fixtures/site/main.ts', '--port', String(sitePort)],
    siteLog,
    process.env,
  );
  stack.defer(() => site.stop());
  const siteUrl = await waitFor('the quotes site', BOOT_TIMEOUT_MS, signal, async () => {
    site.assertRunning();
    return /"url":"([^"]+)"/.exec(readFileSync(siteLog, 'utf8'))?.[1];
  });

  const logFile = join(dir, 'app.log');
  const url = `http://127.0.0.1:${port}`;
  const app = Child.start('Gleaner', ['--enable-source-maps', 'dist/main.js'], logFile, {
    ...process.env,
    MODE: 'all',
    HOST: '127.0.0.1',
    PORT: String(port),
    DATABASE_URL: databaseUrl,
    REDIS_URL: redisUrl,
    QUOTES_START_URL: `${siteUrl}/`,
    // The site is on this machine, where pages are not fetched from unless it is said.
    SCRAPE_ALLOWED_PRIVATE_HOSTS: '127.0.0.1',
    // The site is ours and bears more than a public one; still slow enough to watch.
    QUOTES_DOWNLOAD_DELAY_MS: '25',
    QUOTES_CONCURRENT_REQUESTS: '4',
  });
  stack.defer(() => app.stop());
  await waitFor('Gleaner', BOOT_TIMEOUT_MS, signal, async () => {
    app.assertRunning();
    const answer = await fetch(`${url}/health/ready`, { signal }).catch(() => undefined);
    return answer?.ok === true ? true : undefined;
  });
  return { url, siteUrl, databaseUrl, logFile, key, app };
}

/** A port that was asked for is used or refused; the default one gives way. */
async function choosePort(say: (line: string) => void): Promise<number> {
  const asked = process.env.PORT ? Number(process.env.PORT) : undefined;
  const port = await findFreePort(asked ?? DEFAULT_PORT);
  if (asked !== undefined && asked !== 0 && port !== asked) {
    throw new Error(`PORT=${asked} is in use. Set another PORT, or unset it to have a free one found.`);
  }
  if (asked === undefined && port !== DEFAULT_PORT)
    say(`port ${DEFAULT_PORT} is in use; using ${port} instead`);
  return port;
}

/** A day is longer than anybody watches, and what is killed cannot revoke it. */
async function makeKey(databaseUrl: string, signal: AbortSignal): Promise<string> {
  const args = ['key', 'create', '--name', 'demo', '--role', 'operator', '--expires', '24h', '--json'];
  const answer = await runProgram('making a key', ['dist/cli.js', ...args], databaseUrl, signal);
  return (JSON.parse(answer) as { key: string }).key;
}
