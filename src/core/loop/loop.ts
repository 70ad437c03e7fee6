/** Work that every process does again and again, one at a time, and once more after it was stopped if somebody asks. */
export class Loop {
  private timer: NodeJS.Timeout | undefined;
  private underWay: Promise<void> | undefined;
  private hasEnded = false;

  /** @param everyMs milliseconds from the end of one time to the beginning of the next. @param work does not throw. */
  constructor(
    private readonly everyMs: number,
    private readonly work: () => Promise<void>,
  ) {}

  start(): void {
    if (this.hasEnded) return;
    this.timer = setTimeout(() => {
      this.underWay = this.work().finally(() => this.start());
    }, this.everyMs);
  }

  /** Resolves when nothing is under way. */
  async stop(): Promise<void> {
    this.hasEnded = true;
    clearTimeout(this.timer);
    await this.underWay;
  }
}
