import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { commandLineOf } from './command-line.ts';
import { hasCode } from './errors.ts';

const STOPPING_DEADLINE_MS = 40_000;
const POLL_MS = 25;

/** A server that a keeper runs, with all that a later keeper needs to end it should this one be killed. */
export interface KeptServer {
  pid: number;
  /** A text that its command line shows while it runs. */
  title: string;
  stopSignal: NodeJS.Signals;
}

interface LockRecord {
  pid: number;
  /** Its caller is gone and it is about to leave: worth waiting for. */
  stopping: boolean;
  servers: KeptServer[];
}

export type LockAttempt = { lock: KeeperLock; orphans: KeptServer[] } | { heldBy: number };

/** One keeper a folder: two Redis servers on one append-only file would ruin it. */
export class KeeperLock {
  readonly #file: string;
  readonly #record: LockRecord = { pid: process.pid, stopping: false, servers: [] };

  private constructor(home: string) {
    this.#file = lockFileOf(home);
  }

  /**
   * Takes the folder, or names the keeper that has it. A lock whose keeper was killed is taken over together
   * with the servers it left. (Two keepers taking over one dead lock in the same millisecond could both succeed;
   * PostgreSQL's own lock then stops the second.)
   */
  static async take(home: string): Promise<LockAttempt> {
    const held = await afterStopping(home);
    if (held && isKeeper(held.pid, home)) return { heldBy: held.pid };
    const lock = new KeeperLock(home);
    if (held) await rm(lock.#file, { force: true });
    const draft = await lock.#draft();
    try {
      // link, not write: the lock appears at once with its content, or fails because another has it.
      await link(draft, lock.#file);
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error;
      return { heldBy: (await readLock(home))?.pid ?? 0 };
    } finally {
      await rm(draft);
    }
    return { lock, orphans: held?.servers ?? [] };
  }

  async addServer(server: KeptServer): Promise<void> {
    this.#record.servers.push(server);
    await this.#save();
  }

  async markStopping(): Promise<void> {
    this.#record.stopping = true;
    await this.#save();
  }

  async release(): Promise<void> {
    await rm(this.#file);
  }

  async #save(): Promise<void> {
    await rename(await this.#draft(), this.#file);
  }

  async #draft(): Promise<string> {
    const draft = `${this.#file}.${process.pid}`;
    await writeFile(draft, JSON.stringify(this.#record));
    return draft;
  }
}

function lockFileOf(home: string): string {
  return join(home, 'keeper.json');
}

async function readLock(home: string): Promise<LockRecord | undefined> {
  try {
    return JSON.parse(await readFile(lockFileOf(home), 'utf8')) as LockRecord;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** The lock as it stands once a keeper that is on its way out has gone: restarting a killed demo just works. */
async function afterStopping(home: string): Promise<LockRecord | undefined> {
  const deadline = Date.now() + STOPPING_DEADLINE_MS;
  for (;;) {
    const held = await readLock(home);
    if (!held?.stopping || !isKeeper(held.pid, home) || Date.now() > deadline) return held;
    await sleep(POLL_MS);
  }
}

function isKeeper(pid: number, home: string): boolean {
  return commandLineOf(pid)?.includes(`keeper.ts ${home}`) ?? false;
}
