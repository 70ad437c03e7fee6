/** Lets one loop sleep until somebody wakes it, or time is up. Being woken while awake counts for the next sleep. */
export class WakeUp {
  private isDue = false;
  private end: (() => void) | undefined;

  wake(): void {
    this.isDue = true;
    this.end?.();
  }

  async sleep(ms: number): Promise<void> {
    if (!this.isDue && ms > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.end = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.end = undefined;
    }
    this.isDue = false;
  }
}
