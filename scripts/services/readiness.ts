import { setTimeout as sleep } from 'node:timers/promises';
import { reasonOf, ServicesError } from './errors.ts';
import type { StartedServer } from './keeper-client.ts';
import { tailOf } from './server-log.ts';

/** Generous: a persistent PostgreSQL may first have to recover from a kill, and Redis to read its data. */
const DEADLINE_MS = 60_000;
const POLL_MS = 20;

/** Waits until a real connection to the server succeeds; fails at once when the server ends instead. */
export async function untilReady(server: StartedServer, ping: () => Promise<void>): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  for (;;) {
    const end = server.ended();
    if (end !== undefined) throw await startError(server, end);
    try {
      return await ping();
    } catch (error) {
      if (Date.now() > deadline) {
        throw await startError(server, `no answer within ${DEADLINE_MS / 1000} s: ${reasonOf(error)}`);
      }
    }
    await sleep(POLL_MS);
  }
}

async function startError({ command }: StartedServer, reason: string): Promise<ServicesError> {
  return new ServicesError(`${command.name} did not start (${reason}); ${await tailOf(command.logFile)}`);
}
