import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';

/** Longer than the application's own limit for shutting down. */
const STOP_TIMEOUT_MS = 30_000;

/** A program that writes to a log file, ends with the one that started it, and can be stopped in good order. */
export class Child {
  readonly exited: Promise<void>;
  private readonly process: ChildProcess;
  private readonly name: string;
  private readonly logFile: string;

  private constructor(process: ChildProcess, name: string, logFile: string) {
    this.process = process;
    this.name = name;
    this.logFile = logFile;
    this.exited = once(process, 'exit').then(() => undefined);
  }

  /** @param args for Node, beginning with the program's file. */
  static start(name: string, args: readonly string[], logFile: string, env: NodeJS.ProcessEnv): Child {
    const log = openSync(logFile, 'w');
    const preload = `--import=${new URL('./follow-parent.mjs', import.meta.url).href}`;
    const child = spawn(process.execPath, [preload, ...args], {
      // A session of its own: Ctrl-C in a terminal is for the parent, which then stops everything in order.
      detached: true,
      stdio: ['ignore', log, log, 'pipe'],
      env: { ...env, GLEANER_FOLLOWS: String(process.pid) },
    });
    closeSync(log);
    return new Child(child, name, logFile);
  }

  get pid(): number {
    return this.process.pid ?? Number.NaN;
  }

  get running(): boolean {
    return this.process.exitCode === null && this.process.signalCode === null;
  }

  /** @throws Error with the end of its log when the program is not running any more. */
  assertRunning(): void {
    if (this.running) return;
    const end = readFileSync(this.logFile, 'utf8').trimEnd().split('\n').slice(-15).join('\n');
    throw new Error(
      `${this.name} ended with ${this.process.exitCode ?? this.process.signalCode}. The end of ${this.logFile}:\n${end}`,
    );
  }

  kill(): void {
    this.process.kill('SIGKILL');
  }

  async stop(): Promise<void> {
    if (!this.running) return;
    const late = setTimeout(() => this.kill(), STOP_TIMEOUT_MS);
    this.process.kill('SIGTERM');
    await this.exited;
    clearTimeout(late);
  }
}
