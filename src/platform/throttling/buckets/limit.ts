import type { Rate } from './rate.js';

/** A named bucket of tokens; each client has one of its own. Times are in whole microseconds, so that sums are exact. */
export interface Limit {
  readonly name: string;
  /** Tokens that a full bucket holds. */
  readonly burst: number;
  /** Time in which one token comes back. */
  readonly intervalUs: number;
  /** Time in which an empty bucket fills: `burst` intervals. */
  readonly depthUs: number;
}

export function limitOf(name: string, rate: Rate): Limit {
  return limitOfInterval(name, rate.burst, (rate.periodSeconds * 1_000_000) / rate.requests);
}

/** @param intervalUs rounded down to whole microseconds: never slower than promised. */
export function limitOfInterval(name: string, burst: number, intervalUs: number): Limit {
  const whole = Math.max(1, Math.floor(intervalUs));
  return { name, burst, intervalUs: whole, depthUs: burst * whole };
}

/** What was decided about one request, by all the buckets that it needs a token of: it gets one of each, or none. */
export interface Decision {
  readonly allowed: boolean;
  readonly limits: readonly Limit[];
  /** For each limit, the time until its bucket is full again if nobody takes any more. */
  readonly backlogsUs: readonly number[];
}

/** How one bucket stands after a decision, in the units of HTTP's fields. */
export interface Standing {
  readonly limit: Limit;
  /** Requests that could be made right now. */
  readonly remaining: number;
  /** Whole seconds until the bucket is full. */
  readonly resetSeconds: number;
  /** Whole seconds until a token is there: 0 when there is one. */
  readonly waitSeconds: number;
}

export function standingOf(limit: Limit, backlogUs: number): Standing {
  const waitUs = backlogUs + limit.intervalUs - limit.depthUs;
  return {
    limit,
    remaining: Math.max(0, Math.floor((limit.depthUs - backlogUs) / limit.intervalUs)),
    resetSeconds: Math.ceil(backlogUs / 1_000_000),
    waitSeconds: waitUs > 0 ? Math.ceil(waitUs / 1_000_000) : 0,
  };
}

/** The bucket that a client has to mind: the one that makes it wait longest, or else has the fewest left. */
export function tightest({ limits, backlogsUs }: Decision): Standing {
  let tight: Standing | undefined;
  for (let i = 0; i < limits.length; i++) {
    const standing = standingOf(limits[i]!, backlogsUs[i]!);
    if (
      tight === undefined ||
      standing.waitSeconds > tight.waitSeconds ||
      (standing.waitSeconds === tight.waitSeconds && standing.remaining < tight.remaining)
    )
      tight = standing;
  }
  if (tight === undefined) throw new Error('a decision needs at least one limit');
  return tight;
}
