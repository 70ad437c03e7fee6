import { Program } from './program.js';

/** The compiled application in a process of its own, as it runs in production. */
export class GleanerProcess extends Program {
  static spawn(env: Record<string, string>): GleanerProcess {
    return new GleanerProcess(process.execPath, ['dist/main.js'], {
      env: { PATH: process.env.PATH, LOG_LEVEL: 'info', ...env },
    });
  }

  /** Resolves with the URL that the process listens on. */
  async listening(deadlineMs?: number): Promise<string> {
    return this.until(
      'it listens',
      async () => /listens on (http:\/\/[^"\s]+)/.exec(this.log)?.[1],
      deadlineMs,
    );
  }
}
