import type { Limit } from '../../src/platform/throttling/buckets/limit.js';

/**
 * The token bucket of the textbook: it holds tokens, and counts them in whole intervals and the part of one that has
 * passed. Slower and longer than GCRA, and written without looking at it, so that the two can be compared.
 */
export class ReferenceBucket {
  private tokens: number;
  /** Time since the last token came back; always 0 while the bucket is full. */
  private partUs = 0;
  private last: number | undefined;

  constructor(private readonly limit: Limit) {
    this.tokens = limit.burst;
  }

  /** Lets time pass until `now`. @returns whether there is a token. */
  hasToken(now: number): boolean {
    const passed = this.partUs + (now - (this.last ?? now));
    this.last = now;
    const back = Math.floor(passed / this.limit.intervalUs);
    this.tokens = Math.min(this.limit.burst, this.tokens + back);
    this.partUs = this.tokens === this.limit.burst ? 0 : passed - back * this.limit.intervalUs;
    return this.tokens >= 1;
  }

  take(): void {
    this.tokens -= 1;
  }

  get left(): number {
    return this.tokens;
  }

  get fullInUs(): number {
    return (this.limit.burst - this.tokens) * this.limit.intervalUs - this.partUs;
  }
}

/** A decision by the textbook: a token of each bucket, or of none. */
export function takeOfEach(buckets: readonly ReferenceBucket[], now: number): boolean {
  const ready = buckets.map((bucket) => bucket.hasToken(now)).every(Boolean);
  if (ready) for (const bucket of buckets) bucket.take();
  return ready;
}
