import { Logger } from '@nestjs/common';
import type { Gauge } from 'prom-client';
import { withDeadline } from '../deadline/index.js';

/** A scrape that waits for what does not answer would tell nothing of all the rest. */
const TIME_LIMIT_MS = 500;
/** /metrics takes no key and is not throttled: however often it is asked for, what stands behind it is read so often. */
const FRESH_MS = 1000;

interface Options<T> {
  readonly read: () => Promise<T>;
  /** Sets the gauges. */
  readonly tell: (value: T) => void;
  readonly gauges: readonly Gauge[];
  /** Becomes 1 while the gauges are not up to date. */
  readonly stale: Gauge;
}

/**
 * What some gauges are read from, at once, when metrics are asked for. While it does not answer within half a second,
 * they keep their last values and `stale` says so; before the first answer they have none.
 */
export class GaugeReading<T> {
  private readonly logger = new Logger(GaugeReading.name);
  private pending: Promise<void> | undefined;
  private readAt = Number.NEGATIVE_INFINITY;
  private failed = false;

  private constructor(private readonly options: Options<T>) {}

  /** From now on metrics that are asked for are read so. */
  static attach<T>(options: Options<T>): void {
    const reading = new GaugeReading(options);
    options.stale.set(1);
    // One without labels is 0 from the start, which nobody has read.
    for (const gauge of options.gauges) if (isWithoutLabels(gauge)) gauge.remove();
    // Each of them, for nobody knows which is asked first; they share one reading.
    for (const gauge of [options.stale, ...options.gauges])
      Object.assign(gauge, { collect: () => reading.refresh() });
  }

  private async refresh(): Promise<void> {
    if (performance.now() - this.readAt < FRESH_MS) return;
    // One that hangs is waited for again, so that many scrapes do not become many questions.
    this.pending ??= this.read();
    await withDeadline(this.pending, TIME_LIMIT_MS).catch((error: unknown) => this.fail(error));
  }

  private async read(): Promise<void> {
    try {
      this.options.tell(await this.options.read());
      this.options.stale.set(0);
      this.readAt = performance.now();
      this.failed = false;
    } catch (error) {
      this.fail(error);
    } finally {
      this.pending = undefined;
    }
  }

  private fail(error: unknown): void {
    this.options.stale.set(1);
    if (!this.failed) this.logger.warn({ err: error }, 'metrics are not up to date');
    this.failed = true;
  }
}

/** prom-client has no type for it. */
const isWithoutLabels = (gauge: Gauge): boolean =>
  (gauge as unknown as { labelNames: readonly string[] }).labelNames.length === 0;
