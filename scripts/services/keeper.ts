/**
 * The keeper: a small process that owns the servers, so that none outlives the caller, however that one ends.
 *
 * 1. The caller spawns it detached, in a session of its own: Ctrl-C in the terminal goes to every process of the
 *    foreground group, and would stop PostgreSQL under an application that is still draining.
 * 2. It takes the lock of its folder, and ends servers left there by a keeper that was killed.
 * 3. Each line on its standard input is a server to start.
 * 4. When that input ends, because the caller closed it or died (SIGKILL included), it stops the servers, removes
 *    an ephemeral folder, releases the lock and leaves.
 *
 * Arguments: <folder> <ephemeral|persistent>
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { commandLineOf } from './command-line.ts';
import { hasCode, reasonOf } from './errors.ts';
import { KeeperLock } from './keeper-lock.ts';
import type { KeptServer } from './keeper-lock.ts';
import type { KeeperMessage, ServerCommand } from './keeper-protocol.ts';

const STOP_DEADLINE_MS = 30_000;
const POLL_MS = 25;

const [home = '', fate] = process.argv.slice(2);
const running = new Map<ChildProcess, ServerCommand>();

process.stdout.on('error', (error) => {
  // A caller that died cannot be told anything; the end of our input says the same.
  if (!hasCode(error, 'EPIPE')) throw error;
});

const attempt = await KeeperLock.take(home);
if ('heldBy' in attempt) {
  tell({ type: 'busy', pid: attempt.heldBy });
} else {
  await Promise.all(attempt.orphans.map(endOrphan));
  await keep(attempt.lock);
}

async function keep(lock: KeeperLock): Promise<void> {
  const input = createInterface({ input: process.stdin });
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => input.close());
  const inputEnded = once(input, 'close');
  let starting = Promise.resolve();
  input.on('line', (line) => {
    starting = starting.then(() => start(JSON.parse(line) as ServerCommand, lock));
  });
  tell({ type: 'locked' });

  await inputEnded;
  await starting;
  await lock.markStopping();
  await Promise.all([...running].map(([child, server]) => stop(child, server)));
  if (fate === 'ephemeral') await rm(home, { recursive: true });
  else await lock.release();
}

async function start(server: ServerCommand, lock: KeeperLock): Promise<void> {
  const log = openSync(server.logFile, 'w', 0o600);
  const child = spawn(server.command, server.args, {
    cwd: '/',
    // Nothing of the caller's environment: PGDATA or a locale there would change what the server does.
    env: { PATH: process.env.PATH, LC_ALL: 'C' },
    stdio: ['ignore', log, log],
    ...server.user,
  });
  closeSync(log);
  running.set(child, server);
  const ended = (how: string): void => {
    running.delete(child);
    tell({ type: 'exited', name: server.name, how });
  };
  child.on('error', (error) => ended(reasonOf(error)));
  child.on('exit', (code, signal) => ended(signal ? `killed by ${signal}` : `exit code ${code}`));
  if (child.pid !== undefined) {
    await lock.addServer({ pid: child.pid, title: server.title, stopSignal: server.stopSignal });
  }
}

async function stop(child: ChildProcess, server: ServerCommand): Promise<void> {
  const exited = once(child, 'exit');
  const giveUp = setTimeout(() => {
    console.error(`${server.name} did not stop within ${STOP_DEADLINE_MS} ms: killing it`);
    child.kill('SIGKILL');
  }, STOP_DEADLINE_MS);
  child.kill(server.stopSignal);
  await exited;
  clearTimeout(giveUp);
}

async function endOrphan(server: KeptServer): Promise<void> {
  const alive = (): boolean => commandLineOf(server.pid)?.includes(server.title) ?? false;
  if (!alive()) return;
  process.kill(server.pid, server.stopSignal);
  const deadline = Date.now() + STOP_DEADLINE_MS;
  while (alive()) {
    if (Date.now() > deadline)
      throw new Error(`process ${server.pid} (${server.title}) was left behind and does not stop`);
    await sleep(POLL_MS);
  }
}

function tell(message: KeeperMessage): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}
