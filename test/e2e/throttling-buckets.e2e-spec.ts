import fc from 'fast-check';
import { Redis } from 'ioredis';
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { type Limit, limitOf, standingOf } from '../../src/platform/throttling/buckets/limit.js';
import { LocalBuckets } from '../../src/platform/throttling/buckets/local-buckets.js';
import { RedisBuckets } from '../../src/platform/throttling/buckets/redis-buckets.js';
import { RedisOutage } from '../../src/platform/throttling/buckets/redis-outage.js';
import { RedisThrottlerStorage } from '../../src/platform/throttling/buckets/redis-throttler.storage.js';
import { TAKE_TOKENS } from '../../src/platform/throttling/buckets/take-tokens.lua.js';
import { TokenBuckets } from '../../src/platform/throttling/buckets/token-buckets.js';
import { Program } from '../support/program.js';
import { ReferenceBucket, takeOfEach } from '../support/reference-bucket.js';

let redis: Redis;
let prefix: string;
let batches: number;
let buckets: RedisBuckets;

beforeAll(() => {
  redis = new Redis(inject('redisUrl'));
});
afterAll(() => redis.quit());
beforeEach(() => {
  prefix = `test-${randomBytes(6).toString('hex')}`;
  batches = 0;
  // A busy machine is no outage.
  buckets = new RedisBuckets(redis, { prefix, timeoutMs: 20_000, onBatch: () => batches++ });
});

/** Slow enough that no token comes back while a test runs. */
const limit = (name: string, burst: number): Limit =>
  limitOf(name, { requests: burst, periodSeconds: 86_400, burst });

const takeAll = (count: number, limits: readonly Limit[], tracker = 'a') =>
  Promise.all(Array.from({ length: count }, () => buckets.take(limits, tracker)));

describe('the script', () => {
  it('decides as the textbook does: many clients and limits in one call, one after another', async () => {
    // The same script, with a clock that the test sets.
    const clock = `${prefix}:clock`;
    const lua = TAKE_TOKENS.replace("redis.call('TIME')", `{0, tonumber(redis.call('GET', '${clock}'))}`);
    expect(lua).toContain(clock);
    const limits = [
      limitOf('a', { requests: 10, periodSeconds: 1000, burst: 10 }),
      limitOf('b', { requests: 3, periodSeconds: 700, burst: 5 }),
      limitOf('c', { requests: 1, periodSeconds: 60, burst: 2 }),
    ];
    const args = limits.flatMap(({ intervalUs, depthUs }) => [intervalUs, depthUs]);
    const decision = fc.record({
      client: fc.constantFrom('x', 'y'),
      uses: fc.subarray([0, 1, 2], { minLength: 1 }),
    });
    const call = fc.record({
      pause: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 200_000_000 })),
      decisions: fc.array(decision, { minLength: 1, maxLength: 20 }),
    });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(call, { minLength: 1, maxLength: 8 }), async (calls) => {
        const own = `${prefix}:${run++}`;
        const references = new Map<string, ReferenceBucket>();
        const reference = (client: string, index: number): ReferenceBucket => {
          const key = `${client}${index}`;
          const known = references.get(key) ?? new ReferenceBucket(limits[index]!);
          references.set(key, known);
          return known;
        };
        let now = 1_000_000_000;
        for (const { pause, decisions } of calls) {
          now += pause;
          await redis.set(clock, now);
          const keys = decisions.flatMap(({ client, uses }) =>
            uses.map((index) => `${own}:${client}:${index}`),
          );
          const letters = decisions
            .map(({ uses }) =>
              uses
                .map((index, at) => String.fromCharCode((at === uses.length - 1 ? 65 : 97) + index))
                .join(''),
            )
            .join('');
          const answers = (await redis.eval(lua, keys.length, ...keys, letters, ...args)) as number[];
          const expected = decisions.flatMap(({ client, uses }) => {
            const used = uses.map((index) => reference(client, index));
            const allowed = takeOfEach(used, now);
            return used.map((bucket) => (allowed ? bucket.fullInUs : -1 - bucket.fullInUs));
          });
          expect(answers).toEqual(expected);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('survives being forgotten by Redis', async () => {
    const limits = [limit('default', 3)];
    expect((await buckets.take(limits, 'a')).allowed).toBe(true);
    await redis.script('FLUSH');
    expect((await takeAll(5, limits)).filter(({ allowed }) => allowed)).toHaveLength(2);
  });

  it('takes for a full bucket what is none, and mends it', async () => {
    const limits = [limit('default', 2)];
    await redis.rpush(`${prefix}:t:default:a`, 'a list');
    await redis.set(`${prefix}:t:default:b`, 'nonsense');
    for (const client of ['a', 'b'])
      expect((await takeAll(5, limits, client)).filter(({ allowed }) => allowed)).toHaveLength(2);
  });

  it('makes nobody wait longer than a bucket takes to fill, whatever time stands in it', async () => {
    const limits = [limit('default', 10)];
    await redis.set(`${prefix}:t:default:a`, '9007199254740991');
    const { allowed, backlogsUs } = await buckets.take(limits, 'a');
    expect(allowed).toBe(false);
    expect(backlogsUs).toEqual([limits[0]!.depthUs]);
  });

  it('leaves nothing in Redis beyond the time at which a bucket is full', async () => {
    await buckets.take([limitOf('default', { requests: 10, periodSeconds: 100, burst: 10 })], 'a');
    const ttl = await redis.pttl(`${prefix}:t:default:a`);
    expect(ttl).toBeGreaterThan(0);
    expect(ttl).toBeLessThanOrEqual(10_000);
  });
});

describe('decisions that are asked for at once', () => {
  it('travel in few calls, and each gets the answer to its own question', async () => {
    const limits = Array.from({ length: 40 }, (_, index) => limit(`limit-${index}`, index + 1));
    const asked = Array.from({ length: 1000 }, (_, index) => {
      const [one, other] = [limits[index % 40]!, limits[(index * 7 + 1) % 40]!];
      return { limits: one === other ? [one] : [one, other], client: `client-${index % 13}` };
    });
    const got = await Promise.all(asked.map((request) => buckets.take(request.limits, request.client)));
    // What happens one by one, in the same order, in the memory of this process.
    const local = new LocalBuckets(() => 0);
    for (const [index, request] of asked.entries()) {
      const expected = local.take(request.limits, request.client);
      expect(got[index]?.allowed, `decision ${index}`).toBe(expected.allowed);
      expect(got[index]?.limits).toBe(request.limits);
      const remaining = (backlogs: readonly number[]) =>
        request.limits.map((each, at) => standingOf(each, backlogs[at]!).remaining);
      expect(remaining(got[index]!.backlogsUs)).toEqual(remaining(expected.backlogsUs));
    }
  });

  it('are sent together, at most 64 in a call', async () => {
    await takeAll(300, [limit('default', 1000)]);
    expect(batches).toBe(5);
  });

  it('pass exactly as often as there are tokens, whatever their number', async () => {
    const sizes = fc.record({
      burst: fc.integer({ min: 1, max: 300 }),
      asked: fc.integer({ min: 1, max: 400 }),
    });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(sizes, async ({ burst, asked }) => {
        const answers = await takeAll(asked, [limit('default', burst)], `client-${run++}`);
        expect(answers.filter(({ allowed }) => allowed)).toHaveLength(Math.min(burst, asked));
      }),
      { numRuns: 30 },
    );
  });
});

describe('several processes', () => {
  it('share a bucket exactly, also when their clocks differ by hours', async () => {
    const script = `
      const { SHIFT: shift, BURST: burst, ASKED: asked, PREFIX: prefix } = process.env;
      const real = Date.now;
      Date.now = () => real() + Number(shift);
      const { Redis } = await import('ioredis');
      const { RedisBuckets } = await import('./dist/platform/throttling/buckets/redis-buckets.js');
      const { limitOf } = await import('./dist/platform/throttling/buckets/limit.js');
      const redis = new Redis(process.env.REDIS_URL);
      const buckets = new RedisBuckets(redis, { prefix, timeoutMs: 30000 });
      const limits = [limitOf('default', { requests: Number(burst), periodSeconds: 86400, burst: Number(burst) })];
      await redis.ping();
      console.log('ready');
      while ((await redis.get(prefix + ':go')) === null);
      const answers = await Promise.all(Array.from({ length: Number(asked) }, () => buckets.take(limits, 'a')));
      console.log('passed ' + answers.filter(({ allowed }) => allowed).length + '.');`;
    const env = { PATH: process.env.PATH, REDIS_URL: inject('redisUrl') };
    for (const burst of [1, 137, 999]) {
      const own = `${prefix}-${burst}`;
      const children = ['0', '7200000', '-7200000', '86400000'].map((shift) => {
        const settings = { SHIFT: shift, BURST: String(burst), ASKED: '250', PREFIX: own };
        return new Program(process.execPath, ['--input-type=module', '-e', script], {
          env: { ...env, ...settings },
        });
      });
      for (const child of children)
        await child.until(
          'it is ready',
          async () => (child.log.includes('ready') ? true : undefined),
          60_000,
        );
      await redis.set(`${own}:go`, '1');
      const passed = await Promise.all(
        children.map((child) =>
          child.until('it has asked', async () => /passed (\d+)\./.exec(child.log)?.[1], 60_000),
        ),
      );
      expect(passed.map(Number).reduce((sum, one) => sum + one, 0)).toBe(burst);
      // The connection keeps them alive until now.
      for (const child of children) child.kill('SIGKILL');
      await Promise.all(children.map((child) => child.exit()));
    }
  });
});

describe('the storage of @nestjs/throttler', () => {
  let storage: RedisThrottlerStorage;
  let tokens: TokenBuckets;
  beforeEach(() => {
    tokens = new TokenBuckets(
      buckets,
      new LocalBuckets(),
      new RedisOutage({ ping: () => redis.ping(), reconnect: () => undefined }),
    );
    storage = new RedisThrottlerStorage(tokens);
  });

  it('counts hits up to the limit, and then blocks until there is a token', async () => {
    const hits = [];
    for (let i = 0; i < 4; i++) hits.push(await storage.increment('a', 300_000, 3, 300_000, 'default'));
    expect(hits.map(({ totalHits, isBlocked }) => [totalHits, isBlocked])).toEqual([
      [1, false],
      [2, false],
      [3, false],
      [4, true],
    ]);
    expect(hits.map(({ timeToExpire }) => timeToExpire)).toEqual([100, 200, 300, 300]);
    expect(hits.map(({ timeToBlockExpire }) => timeToBlockExpire)).toEqual([0, 0, 0, 100]);
  });

  it('keeps a bucket for each key and each name', async () => {
    const hit = (key: string, name: string) => storage.increment(key, 300_000, 1, 0, name);
    const blocked = [];
    for (const [key, name] of [
      ['a', 'x'],
      ['a', 'x'],
      ['b', 'x'],
      ['a', 'y'],
    ] as const)
      blocked.push((await hit(key, name)).isBlocked);
    expect(blocked).toEqual([false, true, false, false]);
  });

  it('gives tokens back one by one', async () => {
    const hit = () => storage.increment('a', 1000, 2, 0, 'default');
    await hit();
    await hit();
    // Half a second for each; asking more often than that takes nothing, so that the wait ends.
    const until = performance.now() + 20_000;
    const since = performance.now();
    while ((await hit()).isBlocked) {
      expect(performance.now()).toBeLessThan(until);
      await delay(10);
    }
    expect(performance.now() - since).toBeGreaterThan(300);
  });

  it('refuses everything at a limit of none', async () => {
    expect(await storage.increment('a', 60_000, 0, 0, 'default')).toMatchObject({ isBlocked: true });
  });

  it('lets exactly the limit of a thousand concurrent hits pass', async () => {
    const hits = await Promise.all(
      Array.from({ length: 1000 }, () => storage.increment('a', 86_400_000, 321, 0, 'default')),
    );
    expect(hits.filter(({ isBlocked }) => !isBlocked)).toHaveLength(321);
    expect(hits.filter(({ isBlocked }) => !isBlocked).map(({ totalHits }) => totalHits)).toEqual(
      Array.from({ length: 321 }, (_, index) => index + 1),
    );
  });
});
