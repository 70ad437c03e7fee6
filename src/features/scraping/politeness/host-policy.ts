/** How a host is to be treated. Every source has its own; what they use up of a host is shared. */
export interface HostPolicy {
  /** Least milliseconds between the starts of two requests to the host; 0: no limit (Scrapy's `DOWNLOAD_DELAY`). */
  readonly delayMs: number;
  /** Starts that may be saved up while nobody asks, at least 1, which is strict spacing: the depth of the bucket. */
  readonly burst: number;
  /** Requests under way at once, by all workers (Scrapy's `CONCURRENT_REQUESTS_PER_DOMAIN`). */
  readonly concurrency: number;
  /** Lengthens the delay to what the host's latency asks for, up to `maxDelayMs`; null: never. */
  readonly autoThrottle: { readonly targetConcurrency: number; readonly maxDelayMs: number } | null;
}

/** What became of a request. */
export type HostOutcome =
  /** Any answer that shows that the host is well: 2xx, 3xx, 4xx. */
  | { readonly kind: 'answered'; readonly latencyMs: number; readonly status: number }
  /** The host failed: DNS, connect, TLS, reset, time-out, 5xx. */
  | { readonly kind: 'failed' }
  /** 429, or 503 with Retry-After: the whole host waits. */
  | { readonly kind: 'throttled'; readonly retryAfterMs: number | undefined }
  /** No request was sent after all. */
  | { readonly kind: 'unused' };

/** The right to start one request now. It ends with `leave`. */
export interface Permit {
  /**
   * Aborts, with a PermitLostError, when the permit may have become another's: its lease could not be renewed. The
   * request is to be cut off then.
   */
  readonly signal: AbortSignal;
  /** To be called when the request is over; a second time does nothing. Never throws and is not waited for. */
  leave(outcome: HostOutcome): void;
}

/** A policy as the script in Redis needs it: whole microseconds, and within bounds. */
export interface Terms {
  readonly interval: number;
  readonly burst: number;
  readonly concurrency: number;
  /** Of AutoThrottle: the concurrency that it aims at, and the longest interval that it may come to. */
  readonly target?: number;
  readonly most?: number;
}

/** Nothing that stands in Redis lies further ahead than this; what does is taken for spoilt. */
const HOUR_MS = 3_600_000;
const MOST_AT_ONCE = 10_000;

export function termsOf({ delayMs, burst, concurrency, autoThrottle }: HostPolicy): Terms {
  const delay = within(delayMs, 0, HOUR_MS);
  const most = autoThrottle ? Math.max(delay, within(autoThrottle.maxDelayMs, 0, HOUR_MS)) : delay;
  return {
    interval: Math.ceil(delay * 1000),
    // An empty bucket must be full again within the hour.
    burst: Math.floor(within(burst, 1, Math.max(1, most === 0 ? MOST_AT_ONCE : HOUR_MS / most))),
    concurrency: Math.floor(within(concurrency, 1, MOST_AT_ONCE)),
    ...(autoThrottle && {
      target: within(autoThrottle.targetConcurrency, 0.01, MOST_AT_ONCE),
      most: Math.ceil(most * 1000),
    }),
  };
}

export function samePolicy(a: HostPolicy, b: HostPolicy): boolean {
  return (
    a === b ||
    (a.delayMs === b.delayMs &&
      a.burst === b.burst &&
      a.concurrency === b.concurrency &&
      a.autoThrottle?.targetConcurrency === b.autoThrottle?.targetConcurrency &&
      a.autoThrottle?.maxDelayMs === b.autoThrottle?.maxDelayMs)
  );
}

/** The number, moved between the bounds; what is no number is the lower bound. */
export function within(value: number, least: number, most: number): number {
  return value > least ? Math.min(value, most) : least;
}
