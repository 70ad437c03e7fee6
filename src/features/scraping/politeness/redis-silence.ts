import { Logger } from '@nestjs/common';
import { messageOf } from '../../../core/errors/index.js';

/** Redis answers within a millisecond; one that has not after this long is frozen, gone, or behind a broken line. */
const PATIENCE_MS = 1000;

/** Notices that Redis does not answer, and says so once until it does again. */
export class RedisSilence {
  private readonly logger = new Logger('Politeness');
  private silent = false;
  private timer: NodeJS.Timeout | undefined;

  /** @param onBegin told each time that Redis falls silent. */
  constructor(private readonly onBegin: () => void) {}

  /**
   * Something was asked: from now on an answer is missing. One that lies in the socket already, because this process
   * was busy, is read before the verdict.
   */
  listen(): void {
    this.timer ??= setTimeout(() => {
      const due = this.timer;
      setImmediate(() => {
        if (due === this.timer) this.begin('no answer within a second');
      });
    }, PATIENCE_MS).unref();
  }

  hear(): void {
    this.stop();
    if (!this.silent) return;
    this.silent = false;
    this.logger.log('Redis answers again: requests are started');
  }

  begin(why: unknown): void {
    this.stop();
    if (this.silent) return;
    this.silent = true;
    this.onBegin();
    this.logger.warn(`Redis does not answer (${messageOf(why)}): no request is started until it does`);
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }
}
