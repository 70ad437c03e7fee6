import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ServicesError } from './errors.ts';
import type { KeeperMessage, ServerCommand } from './keeper-protocol.ts';
import { tailOf } from './server-log.ts';

/** The folder of the servers' data, configuration, logs and lock. */
export interface Home {
  path: string;
  /** Removed when the servers have stopped. */
  ephemeral: boolean;
}

/** A server that the keeper was asked to start. */
export interface StartedServer {
  command: ServerCommand;
  /** How it ended; undefined while it runs. */
  ended(): string | undefined;
}

/** The pipes of a child process are sockets, which their declared types do not say. */
type KeeperProcess = ChildProcessByStdio<Socket, Socket, null>;

/** The caller's hold on a keeper process (see keeper.ts). */
export class Keeper {
  readonly #child: KeeperProcess;
  readonly #onLost: (line: string) => void;
  readonly #left: Promise<unknown>;
  readonly #ends = new Map<string, string>();
  #stopping = false;

  private constructor(home: Home, onLost: (line: string) => void) {
    this.#onLost = onLost;
    this.#child = spawnKeeper(home);
    this.#left = once(this.#child, 'exit').then(([code, signal]) => {
      if (!this.#stopping) onLost(`the keeper of the servers ended: ${signal ?? `exit code ${code}`}`);
    });
    // Writing to a keeper that is gone: `#left` already tells that.
    this.#child.stdin.on('error', () => {});
  }

  /** Starts a keeper and waits until it has the folder. `onLost` hears when something ends that nobody stopped. */
  static async start(home: Home, onLost: (line: string) => void): Promise<Keeper> {
    const keeper = new Keeper(home, onLost);
    const heard = await keeper.#listen();
    if (heard?.type === 'locked') return keeper;
    keeper.#stopping = true;
    await keeper.#left;
    if (heard?.type === 'busy') {
      throw new ServicesError(
        `${home.path} is in use: process ${heard.pid} runs PostgreSQL or Redis there. ` +
          'Stop the program that started it (a demo in another terminal?), or choose another folder.',
      );
    }
    throw new Error(`the keeper of the servers did not start:\n${await tailOf(keeperLogOf(home))}`);
  }

  startServer(command: ServerCommand): StartedServer {
    this.#child.stdin.write(`${JSON.stringify(command)}\n`);
    return { command, ended: () => this.#ends.get(command.name) };
  }

  /** Lets the caller end of itself without `stop()`; its end stops the servers. */
  unref(): void {
    this.#child.unref();
    this.#child.stdin.unref();
    this.#child.stdout.unref();
  }

  /** Resolves when the servers are down and the keeper has left. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#child.ref();
    this.#child.stdin.ref();
    this.#child.stdout.ref();
    this.#child.stdin.end();
    await this.#left;
  }

  /** Follows the keeper's messages; resolves with the first, or with undefined when it left without a word. */
  async #listen(): Promise<KeeperMessage | undefined> {
    const lines = createInterface({ input: this.#child.stdout });
    const first = new Promise<KeeperMessage | undefined>((resolve) => {
      lines.once('line', (line) => resolve(JSON.parse(line) as KeeperMessage));
      lines.once('close', () => resolve(undefined));
    });
    lines.on('line', (line) => {
      const message = JSON.parse(line) as KeeperMessage;
      if (message.type !== 'exited') return;
      this.#ends.set(message.name, message.how);
      if (!this.#stopping) this.#onLost(`${message.name} ended: ${message.how}`);
    });
    return first;
  }
}

function spawnKeeper(home: Home): KeeperProcess {
  const script = fileURLToPath(new URL('./keeper.ts', import.meta.url));
  const log = openSync(keeperLogOf(home), 'w', 0o600);
  try {
    return spawn(
      process.execPath,
      [
        '--disable-warning=ExperimentalWarning',
        script,
        home.path,
        home.ephemeral ? 'ephemeral' : 'persistent',
      ],
      { detached: true, stdio: ['pipe', 'pipe', log] },
    ) as KeeperProcess;
  } finally {
    closeSync(log);
  }
}

function keeperLogOf(home: Home): string {
  return join(home.path, 'keeper.log');
}
