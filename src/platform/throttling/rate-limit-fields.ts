import type { FastifyReply } from 'fastify';
import { type Decision, type Limit, type Standing, standingOf, tightest } from './buckets/limit.js';

/**
 * `RateLimit-Policy` of draft-ietf-httpapi-ratelimit-headers: what each limit grants. `q` is the size of the bucket and
 * `w` the seconds in which an empty one fills; for a limit without a burst of its own these are the configured numbers.
 */
export function policyField(limits: readonly Limit[]): string {
  return limits
    .map(
      ({ name, burst, depthUs }) => `"${name}";q=${burst};w=${Math.max(1, Math.round(depthUs / 1_000_000))}`,
    )
    .join(', ');
}

/**
 * Writes how the client stands into the answer. `RateLimit` has an item for each limit that was counted: `r` requests
 * may be made at once, and in `t` seconds all of `q` are there again, if none are made until then. The `X-RateLimit`
 * fields say the same about the limit that is closest to its end.
 * @returns that limit's standing.
 */
export function writeRateLimitFields(reply: FastifyReply, policy: string, decision: Decision): Standing {
  const { limits, backlogsUs } = decision;
  const tight = tightest(decision);
  let items = '';
  for (let i = 0; i < limits.length; i++) {
    const limit = limits[i]!;
    const { remaining, resetSeconds } = limit === tight.limit ? tight : standingOf(limit, backlogsUs[i]!);
    items += `${i === 0 ? '' : ', '}"${limit.name}";r=${remaining};t=${resetSeconds}`;
  }
  reply.header('ratelimit-policy', policy);
  reply.header('ratelimit', items);
  reply.header('x-ratelimit-limit', tight.limit.burst);
  reply.header('x-ratelimit-remaining', tight.remaining);
  reply.header('x-ratelimit-reset', tight.resetSeconds);
  return tight;
}
