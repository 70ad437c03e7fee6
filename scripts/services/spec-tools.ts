import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, realpath } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const DEADLINE_MS = 20_000;

export interface Caller {
  process: ChildProcess;
  databaseUrl: string;
  redisUrl: string;
  /** What the services said. */
  said: string[];
}

/** Runs services.fixture.ts until it has its services. */
export async function startCaller(
  dir: string,
  fate: 'ephemeral' | 'persistent',
  script = ownFixture(),
): Promise<Caller> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, dir, fate], {
    env: { PATH: process.env.PATH },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const said: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => said.push(line));
  const lines = createInterface({ input: child.stdout });
  const exited = once(child, 'exit').then(() => {
    throw new Error(`the caller ended:\n${said.join('\n')}`);
  });
  exited.catch(() => {});
  const [line] = (await Promise.race([once(lines, 'line'), exited])) as [string];
  return { process: child, said, ...(JSON.parse(line) as { databaseUrl: string; redisUrl: string }) };
}

function ownFixture(): string {
  return fileURLToPath(new URL('./services.fixture.ts', import.meta.url));
}

/** A fresh temporary folder that PostgreSQL's user can enter when root runs the tests (mkdtemp makes mode 0700). */
export async function makeOpenFolder(): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'gleaner-')));
  await chmod(folder, 0o755);
  return folder;
}

/** Polls until the condition holds; fails naming it at the deadline. */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`not within ${DEADLINE_MS} ms: ${what}`);
    await sleep(20);
  }
}

/** Whether something accepts TCP connections there. */
export async function listens(host: string, port: number): Promise<boolean> {
  const socket = connect({ host, port });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

export function portOf(url: string): number {
  return Number(new URL(url).port);
}
