import { join } from 'node:path';
import type { Image } from './docker-build.js';
import { Program } from './program.js';

/** A command of an image as a process: `docker run`, as far as that needs no isolation. */
export class Container extends Program {
  /** @param env as `--env`: on top of what the image sets, and of nothing else. */
  static run(image: Image, command: string[], env: Record<string, string> = {}): Container {
    const [program = '', ...args] = command;
    return new Container(program, args, {
      cwd: join(image.root, image.workdir),
      env: { ...image.env, ...env },
    });
  }

  /** Resolves when a GET of the URL is answered by 200. */
  async answers(url: string): Promise<Response> {
    return this.until(
      `${url} answers`,
      async () => {
        const answer = await fetch(url);
        return answer.status === 200 ? answer : undefined;
      },
      60_000,
    );
  }
}
