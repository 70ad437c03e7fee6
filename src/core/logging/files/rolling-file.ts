import { closeSync, fstatSync, openSync, renameSync, statSync, writeSync } from 'node:fs';
import { codeOf } from './error-code.js';

/** After a failure the file is left alone for so long: a full disk does not empty itself within a line. */
const RETRY_MS = 1000;

/**
 * A file that begins anew when it is full: `app.log` becomes `app.1.log`, that `app.2.log`, and so on; the oldest goes.
 * Several processes may write one: each line goes to the end of the file, and whoever finds it rolled by another opens
 * the new one. Synchronous, for a thread that does nothing else.
 */
export class RollingFile {
  private fd: number | undefined;
  private retryAt = 0;
  private failure = '';

  /**
   * @param base without `.log`.
   * @param maxBytes of each file.
   * @param kept files beside the current one.
   */
  constructor(
    private readonly base: string,
    private readonly maxBytes: number,
    private readonly kept: number,
  ) {}

  /** @returns why it is not written but lost, e.g. `ENOSPC`; `undefined` when it is written. Does not throw. */
  write(text: string): string | undefined {
    if (performance.now() < this.retryAt) return this.failure;
    try {
      const bytes = Buffer.from(text);
      const fd = this.roomFor(bytes.length);
      for (let from = 0; from < bytes.length;) from += writeSync(fd, bytes, from);
      return undefined;
    } catch (error) {
      // It may have become another file, or there may be room, by the next time.
      this.failure = codeOf(error);
      this.retryAt = performance.now() + RETRY_MS;
      this.close();
      return this.failure;
    }
  }

  close(): void {
    if (this.fd === undefined) return;
    const { fd } = this;
    this.fd = undefined;
    closeSync(fd);
  }

  private roomFor(bytes: number): number {
    const fd = this.open();
    const { size, ino } = fstatSync(fd);
    if (size === 0 || size + bytes <= this.maxBytes) return fd;
    this.close();
    if (statSync(`${this.base}.log`, { throwIfNoEntry: false })?.ino === ino) this.roll();
    return this.open();
  }

  private open(): number {
    this.fd ??= openSync(`${this.base}.log`, 'a', 0o640);
    return this.fd;
  }

  private roll(): void {
    for (let n = this.kept - 1; n >= 0; n--) {
      const from = n === 0 ? `${this.base}.log` : `${this.base}.${n}.log`;
      try {
        renameSync(from, `${this.base}.${n + 1}.log`);
      } catch (error) {
        // The first times there are not so many.
        if (codeOf(error) !== 'ENOENT') throw error;
      }
    }
  }
}
