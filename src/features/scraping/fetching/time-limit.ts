import type { Readable } from 'node:stream';

/**
 * A signal that aborts when one of the outer ones does, and when the time is over. AbortSignal.timeout and
 * AbortSignal.any say the same, but live on until their time or a collection: a fast crawl has tens of thousands of
 * them. Those of timeout end by making an error for nobody, and one of any takes four times the CPU of two listeners.
 */
export class TimeLimit {
  private readonly controller = new AbortController();
  private readonly timer: NodeJS.Timeout;
  private hasRunOut = false;

  constructor(
    private readonly outers: readonly AbortSignal[],
    ms: number,
  ) {
    this.timer = setTimeout(() => {
      this.hasRunOut = true;
      this.controller.abort();
    }, ms);
    for (const outer of outers) outer.addEventListener('abort', this.abort);
    if (this.aborted) this.abort();
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** The outer signal that has aborted. */
  get aborted(): AbortSignal | undefined {
    return this.outers.find(({ aborted }) => aborted);
  }

  /** Whether the time was over before the end. */
  get isOver(): boolean {
    return this.hasRunOut;
  }

  /** What was limited has come to its end. */
  end(): void {
    clearTimeout(this.timer);
    for (const outer of this.outers) outer.removeEventListener('abort', this.abort);
  }

  /** Ends when the body has been read or given up, which may be after its reader has lost interest. */
  endWith(body: Readable): void {
    if (body.closed) this.end();
    else body.once('close', () => this.end());
  }

  private readonly abort = (): void => {
    this.controller.abort(this.aborted?.reason);
  };
}
