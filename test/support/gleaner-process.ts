import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { eventually } from './eventually.js';

/** The compiled application in a process of its own, as it runs in production. */
export class GleanerProcess {
  private output = '';
  private readonly exited: Promise<number | null>;

  private constructor(readonly child: ChildProcess) {
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (data: Buffer) => (this.output += data.toString()));
    this.exited = once(child, 'exit').then(([code]) => code as number | null);
  }

  static spawn(env: Record<string, string>): GleanerProcess {
    // Nothing of the surrounding environment: a variable that happens to be set must not decide a test.
    const child = spawn(process.execPath, ['dist/main.js'], {
      env: { PATH: process.env.PATH, LOG_LEVEL: 'info', ...env },
    });
    return new GleanerProcess(child);
  }

  /** Resolves with the URL that the process listens on; rejects as soon as it has ended instead. */
  async listening(): Promise<string> {
    const url = eventually(
      'the process to listen',
      async () => /listens on (http:\/\/[^"\s]+)/.exec(this.output)?.[1],
    );
    const ended = this.exited.then((code) => {
      throw new Error(`the process ended with ${code}: ${this.output}`);
    });
    return Promise.race([url, ended]);
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
