import type { FastifyReply } from 'fastify';
import { describe, expect, it } from 'vitest';
import { limitOf } from './buckets/limit.js';
import { policyField, writeRateLimitFields } from './rate-limit-fields.js';
import { TooManyRequestsError } from './throttling.errors.js';

const all = limitOf('default', { requests: 1000, periodSeconds: 3600, burst: 1000 });
const search = limitOf('search', { requests: 60, periodSeconds: 60, burst: 30 });

/** The fields that a decision with these backlogs (in seconds) leaves in an answer. */
function fieldsOf(limits: (typeof all)[], backlogs: number[], allowed = true) {
  const fields: Record<string, unknown> = {};
  const reply = {
    header: (name: string, value: unknown) => (fields[name] = value),
  } as unknown as FastifyReply;
  const decision = { allowed, limits, backlogsUs: backlogs.map((seconds) => seconds * 1_000_000) };
  const tight = writeRateLimitFields(reply, policyField(limits), decision);
  return { fields, tight };
}

describe('the fields of an answer', () => {
  it('tell limit, remaining requests, and seconds until all are there again', () => {
    expect(fieldsOf([all], [3.6]).fields).toEqual({
      ratelimit: '"default";r=999;t=4',
      'ratelimit-policy': '"default";q=1000;w=3600',
      'x-ratelimit-limit': 1000,
      'x-ratelimit-remaining': 999,
      'x-ratelimit-reset': 4,
    });
  });

  it('tell every limit that was counted, and in the old fields the tightest', () => {
    expect(fieldsOf([all, search], [3.6, 10.5]).fields).toEqual({
      ratelimit: '"default";r=999;t=4, "search";r=19;t=11',
      // A bucket of 30 that gets one a second fills in 30 s.
      'ratelimit-policy': '"default";q=1000;w=3600, "search";q=30;w=30',
      'x-ratelimit-limit': 30,
      'x-ratelimit-remaining': 19,
      'x-ratelimit-reset': 11,
    });
  });

  it('tell of a refusal nothing left, and the error which limit it was and when to come back', () => {
    const { fields, tight } = fieldsOf([all, search], [3.6, 29.4], false);
    expect(fields).toMatchObject({ ratelimit: '"default";r=999;t=4, "search";r=0;t=30' });
    const error = new TooManyRequestsError(tight);
    expect(error.message).toBe(
      'The limit "search" is 30 requests in 30 s, and all are used up. The next is there in 1 s, all of them in 30 s.',
    );
    expect(error.retryAfterSeconds).toBe(1);
    expect(error.extensions).toEqual({
      limit: { name: 'search', requests: 30, windowSeconds: 30 },
      retryAfterSeconds: 1,
      resetSeconds: 30,
    });
  });

  it('never speak of no time at all', () => {
    expect(policyField([limitOf('fast', { requests: 1000, periodSeconds: 1, burst: 10 })])).toBe(
      '"fast";q=10;w=1',
    );
  });
});
