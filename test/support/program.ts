import { type ChildProcess, spawn, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { eventually } from './eventually.js';

/** A child process of a test, with everything that it writes. */
export class Program {
  private output = '';
  private readonly exited: Promise<number | null>;
  private readonly child: ChildProcess;

  /** @param options `env` is all that it sees: a variable that happens to be set must not decide a test. */
  constructor(
    program: string,
    args: readonly string[],
    options: SpawnOptions & { env: Record<string, string | undefined> },
  ) {
    this.child = spawn(program, args, options);
    for (const stream of [this.child.stdout, this.child.stderr])
      stream?.on('data', (data: Buffer) => (this.output += data.toString()));
    this.exited = once(this.child, 'exit').then(([code]) => code as number | null);
  }

  /** Waits for `read` to have a value; rejects with the output as soon as the process has ended instead. */
  async until<T>(what: string, read: () => Promise<T | undefined>, deadlineMs?: number): Promise<T> {
    const ended = this.exited.then((code): never => {
      throw new Error(`it ended with ${code} before ${what}: ${this.output}`);
    });
    return Promise.race([eventually(what, read, deadlineMs), ended]);
  }

  get pid(): number {
    return this.child.pid ?? Number.NaN;
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** The exit code, null after death by a signal. */
  async exit(): Promise<number | null> {
    return this.exited;
  }

  /** Everything that it has written so far. */
  get log(): string {
    return this.output;
  }
}
