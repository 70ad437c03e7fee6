import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Image } from './docker-build.js';
import { eventually } from './eventually.js';

/** A command of an image as a process: `docker run`, as far as that needs no isolation. */
export class Container {
  private output = '';
  private readonly exited: Promise<number | null>;

  private constructor(private readonly child: ChildProcess) {
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (data: Buffer) => (this.output += data.toString()));
    this.exited = once(child, 'exit').then(([code]) => code as number | null);
  }

  /** @param env as `--env`: on top of what the image sets, and of nothing else. */
  static run(image: Image, command: string[], env: Record<string, string> = {}): Container {
    const [program = '', ...args] = command;
    return new Container(
      spawn(program, args, { cwd: join(image.root, image.workdir), env: { ...image.env, ...env } }),
    );
  }

  /** Resolves when a GET of the URL is answered by 200. @throws Error with the output when the process ends before. */
  async answers(url: string): Promise<Response> {
    const ended = this.exited.then((code): never => {
      throw new Error(`it ended with ${code} before ${url} answered: ${this.output}`);
    });
    const answered = eventually(
      `${url} to answer`,
      async () => {
        const answer = await fetch(url);
        return answer.status === 200 ? answer : undefined;
      },
      60_000,
    );
    return Promise.race([answered, ended]);
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
