import type { Readable } from 'node:stream';

/**
 * A signal that aborts when the outer one does, and when the time is over. AbortSignal.timeout and AbortSignal.any say
 * the same, but live on until that time: a fast crawl has tens of thousands of them, each of which ends by making an
 * error for nobody.
 */
export class TimeLimit {
  private readonly controller = new AbortController();
  private readonly timer: NodeJS.Timeout;
  private hasRunOut = false;

  constructor(
    private readonly outer: AbortSignal,
    ms: number,
  ) {
    this.timer = setTimeout(() => {
      this.hasRunOut = true;
      this.controller.abort();
    }, ms);
    outer.addEventListener('abort', this.abort);
    if (outer.aborted) this.abort();
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Whether the time was over before the end. */
  get isOver(): boolean {
    return this.hasRunOut;
  }

  /** What was limited has come to its end. */
  end(): void {
    clearTimeout(this.timer);
    this.outer.removeEventListener('abort', this.abort);
  }

  /** Ends when the body has been read or given up, which may be after its reader has lost interest. */
  endWith(body: Readable): void {
    if (body.closed) this.end();
    else body.once('close', () => this.end());
  }

  private readonly abort = (): void => {
    this.controller.abort(this.outer.reason);
  };
}
