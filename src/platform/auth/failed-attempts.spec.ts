import fc from 'fast-check';
import type { Redis } from 'ioredis';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { TooManyFailuresError } from './auth.errors.js';
import { FailedAttempts } from './failed-attempts.js';

const LIMIT = 3;
const PERIOD_SECONDS = 10;

afterEach(() => vi.useRealTimers());

/** With a Redis that is away; test/e2e/auth-failures.e2e-spec.ts has the real one. */
function withoutRedis(): FailedAttempts {
  const redis = { eval: () => Promise.reject(new Error('Connection is closed.')) } as unknown as Redis;
  const config = { failureLimit: LIMIT, failurePeriodSeconds: PERIOD_SECONDS };
  type Parameters = ConstructorParameters<typeof FailedAttempts>;
  return new FailedAttempts(redis, { prefix: 'x' } as Parameters[1], config as Parameters[2]);
}

const outcomeOf = async (attempts: FailedAttempts, network: string): Promise<number> => {
  try {
    await attempts.begin(network);
    return 0;
  } catch (error) {
    expect(error).toBeInstanceOf(TooManyFailuresError);
    return (error as TooManyFailuresError).retryAfterSeconds;
  }
};

describe('while Redis is away, a process', () => {
  it('lets each network try as often as the limit says, whoever else tries, and says how long to wait', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 30 }), async (networks) => {
        const attempts = withoutRedis();
        const seen = new Map<string, number>();
        for (const network of networks) {
          const before = seen.get(network) ?? 0;
          const wait = await outcomeOf(attempts, network);
          if (before < LIMIT) expect(wait).toBe(0);
          else expect(wait).toBeGreaterThan(0);
          expect(wait).toBeLessThanOrEqual(PERIOD_SECONDS);
          seen.set(network, before + 1);
        }
      }),
    );
  });

  it('tells which refusal was the first, for one entry in the audit is enough', async () => {
    const attempts = withoutRedis();
    for (let index = 0; index < LIMIT; index++) await attempts.begin('a');
    await expect(attempts.begin('a')).rejects.toMatchObject({ first: true });
    await expect(attempts.begin('a')).rejects.toMatchObject({ first: false });
  });

  it('does not count what was a good key', async () => {
    const attempts = withoutRedis();
    for (let index = 0; index < 50; index++) (await attempts.begin('a')).forget();
    expect(await outcomeOf(attempts, 'a')).toBe(0);
  });

  it('forgets after the period', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const attempts = withoutRedis();
    for (let index = 0; index < LIMIT; index++) await attempts.begin('a');
    vi.advanceTimersByTime(PERIOD_SECONDS * 1000 - 1);
    expect(await outcomeOf(attempts, 'a')).toBe(1);
    vi.advanceTimersByTime(1);
    expect(await outcomeOf(attempts, 'a')).toBe(0);
  });

  it('remembers ten thousand networks, and of more forgets the oldest', async () => {
    const attempts = withoutRedis();
    for (let index = 0; index < LIMIT; index++) await attempts.begin('oldest');
    for (let index = 0; index < 9999; index++) await attempts.begin(String(index));
    expect(await outcomeOf(attempts, 'oldest')).toBeGreaterThan(0);
    await attempts.begin('one more');
    expect(await outcomeOf(attempts, 'oldest')).toBe(0);
  });
});
