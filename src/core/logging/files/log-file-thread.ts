import { type DestinationStream, transport } from 'pino';
import { codeOf } from './error-code.js';
import { FAILED, type Failed } from './log-file-names.js';

/** Copies of the lines on stdout, in files, written by another thread. There is one for the process, as of the logger. */
class LogFileThread implements DestinationStream {
  private stream: ReturnType<typeof transport> | undefined;
  private failed: Failed | undefined;
  private failure = '';

  /** @returns where to write lines. */
  start(directory: string): DestinationStream {
    const target = new URL('./log-files.transport.js', import.meta.url).href;
    const stream = transport({ target, options: { directory } });
    stream.on(FAILED, (...what: Parameters<Failed>) => this.failed?.(...what));
    // The thread is gone. Nothing in it should cause that; if it does, stdout goes on without files.
    stream.on('error', (error: Error) => {
      this.failure = codeOf(error);
      this.stream = undefined;
    });
    this.stream = stream;
    return this;
  }

  /** @param failed is told of lines that are in no file. */
  onFailure(failed: Failed): void {
    this.failed = failed;
  }

  write(line: string): void {
    if (this.stream) this.stream.write(line);
    else this.failed?.('app', 1, this.failure);
  }
}

export const logFileThread = new LogFileThread();
