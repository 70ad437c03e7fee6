import fc from 'fast-check';
import { Redis } from 'ioredis';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { HostScript } from '../support/host-script.js';
import { mostTooMany } from '../support/starts.js';
import { ReferenceHost, type ReferenceLeave, type ReferenceTerms } from '../support/reference-host.js';

const MS = 1000;
const SECOND = 1_000_000;
const HOST = 'example.org:443';
const SETTINGS = { lease: 40 * SECOND, failures: 3, cooldown: 10 * SECOND, longestCooldown: 35 * SECOND };
const UNLIMITED: ReferenceTerms = { interval: 0, burst: 1, concurrency: 1000 };

let redis: Redis;
let script: HostScript;
let asked: number;

beforeAll(() => {
  redis = new Redis(inject('redisUrl'));
});
afterAll(() => redis.quit());
beforeEach(() => {
  asked = 0;
  script = new HostScript(redis, `test-${randomBytes(6).toString('hex')}`, SETTINGS);
});

interface Permit {
  id: string;
  started: number;
}

/** Asks for so many. @returns what was granted, and what keeps the others. */
async function ask(count: number, terms = UNLIMITED, by = 'a') {
  const id = `q${asked++}`;
  const { grants, ...events } = await script.run(HOST, { asks: [{ id, by, count, terms }] });
  const [granted, refusal, wait] = grants[0]!;
  const permits = Array.from({ length: granted }, (_, n): Permit => ({
    id: `${id}:${n + 1}`,
    started: script.now,
  }));
  return { permits, granted, refusal, wait, ...events };
}

async function enter(terms = UNLIMITED): Promise<Permit> {
  const { permits, refusal } = await ask(1, terms);
  if (!permits[0]) throw new Error(`refused: ${refusal}`);
  return permits[0];
}

const leave = (permits: readonly Permit[], outcome: ReferenceLeave & Record<string, unknown>) =>
  script.run(HOST, { leaves: permits.map((permit) => ({ ...permit, ...outcome })) });

const field = async (name: string) => redis.hget(script.keysOf(HOST)[0], name);

describe('the script', () => {
  it('decides as the reference does, whatever happens in whatever order', async () => {
    const policies: ReferenceTerms[] = [
      { interval: SECOND, burst: 3, concurrency: 4 },
      { interval: 0, burst: 1, concurrency: 2 },
      { interval: 300 * MS, burst: 1, concurrency: 3, target: 2, most: 5 * SECOND },
      { interval: 0, burst: 2, concurrency: 6, target: 0.5, most: 2 * SECOND },
    ];
    const outcome = fc.oneof(
      fc.record({
        kind: fc.constant('answered' as const),
        latency: fc.integer({ min: 0, max: 4 * SECOND }),
        status: fc.constantFrom(200, 404),
      }),
      fc.constant({ kind: 'failed' as const }),
      fc.constant({ kind: 'failed' as const }),
      fc.record({
        kind: fc.constant('throttled' as const),
        after: fc.option(fc.integer({ min: 1, max: 20 * SECOND }), { nil: undefined }),
      }),
      fc.constant({ kind: 'unused' as const }),
    );
    const step = fc.record({
      pause: fc.oneof(
        fc.constant(0),
        fc.integer({ min: 0, max: 2 * SECOND }),
        fc.integer({ min: 0, max: 50 * SECOND }),
      ),
      leaves: fc.array(fc.record({ which: fc.nat(), outcome }), { maxLength: 4 }),
      renewals: fc.array(fc.nat(), { maxLength: 2 }),
      asks: fc.array(
        fc.record({
          policy: fc.integer({ min: 0, max: policies.length - 1 }),
          by: fc.constantFrom('a', 'b', 'c'),
          count: fc.integer({ min: 1, max: 5 }),
        }),
        { maxLength: 3 },
      ),
    });
    let run = 0;
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), async (steps) => {
        const host = `run-${run++}`;
        const reference = new ReferenceHost(SETTINGS);
        // Those that were given back stay: telling a second time must change nothing.
        const permits: (Permit & { terms: ReferenceTerms })[] = [];
        for (const { pause, leaves, renewals, asks } of steps) {
          script.now += pause;
          reference.moveTo(script.now);
          const told = leaves.flatMap(({ which, outcome: became }) => {
            const permit = permits[which % permits.length];
            return permit ? [{ permit, became }] : [];
          });
          const held = renewals.flatMap((which) => permits[which % permits.length] ?? []);
          const questions = asks.map(({ policy, by, count }) => ({
            id: `q${asked++}`,
            by,
            count,
            terms: policies[policy]!,
          }));
          const answer = await script.run(host, {
            leaves: told.map(({ permit: { id, started, terms }, became }) => ({
              id,
              started,
              least: terms.interval,
              ...(terms.target && { target: terms.target, most: terms.most }),
              ...became,
            })),
            held: held.map(({ id }) => id),
            asks: questions,
          });
          for (const { permit, became } of told) reference.leave(permit.id, became);
          for (const { id, started, terms } of held) reference.renew(id, started, terms);
          const grants = questions.map(({ id, by, count, terms }) => reference.ask(id, by, count, terms));
          expect(answer).toEqual({ ...reference.events, grants });
          for (const [index, [granted, refusal]] of grants.entries()) {
            const { id, terms } = questions[index]!;
            seen.add(refusal);
            for (let n = 1; n <= granted; n++) permits.push({ id: `${id}:${n}`, started: script.now, terms });
          }
        }
      }),
      { numRuns: 200 },
    );
    // A comparison that never gets anywhere compares nothing.
    expect([...seen].sort()).toEqual([
      'circuit_open',
      'concurrency',
      'none',
      'probing',
      'rate',
      'retry_after',
    ]);
  });

  it('never lets more start in any window than the bucket holds and the window brings', async () => {
    const cases = fc.record({
      interval: fc.integer({ min: 1, max: 2 * SECOND }),
      burst: fc.integer({ min: 1, max: 6 }),
      asks: fc.array(
        fc.record({ pause: fc.integer({ min: 0, max: 3 * SECOND }), count: fc.integer({ min: 1, max: 8 }) }),
        { minLength: 1, maxLength: 25 },
      ),
    });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(cases, async ({ interval, burst, asks }) => {
        const host = `window-${run++}`;
        const starts: number[] = [];
        for (const { pause, count } of asks) {
          script.now += pause;
          const terms = { interval, burst, concurrency: 1000 };
          const { grants } = await script.run(host, { asks: [{ id: `q${asked++}`, by: 'a', count, terms }] });
          for (let n = 0; n < grants[0]![0]; n++) starts.push(script.now);
        }
        expect(mostTooMany(starts, { interval, burst })).toBeLessThanOrEqual(0);
      }),
      { numRuns: 150 },
    );
  });

  it('lets two policies share the time of the next start, each with its own interval', async () => {
    const quick = { interval: 100 * MS, burst: 1, concurrency: 10 };
    const slow = { interval: SECOND, burst: 1, concurrency: 10 };
    await enter(slow);
    expect(await ask(1, quick)).toMatchObject({ granted: 0, refusal: 'rate', wait: SECOND });
    script.now += SECOND;
    await enter(quick);
    expect(await ask(1, slow)).toMatchObject({ granted: 0, refusal: 'rate', wait: 100 * MS });
  });

  it('gives back the slots of a worker that says nothing, when their lease is over', async () => {
    const terms = { ...UNLIMITED, concurrency: 3 };
    expect((await ask(5, terms)).granted).toBe(3);
    script.now += SETTINGS.lease - 1;
    expect(await ask(1, terms)).toMatchObject({ granted: 0, refusal: 'concurrency' });
    script.now += 1;
    expect((await ask(5, terms)).granted).toBe(3);
  });

  it('leaves a slot to who renews its lease, and counts it also when it was not known', async () => {
    const terms = { ...UNLIMITED, concurrency: 2 };
    const { permits } = await ask(2, terms);
    const held = permits.map(({ id }) => id);
    for (let n = 0; n < 3; n++) {
      script.now += SETTINGS.lease - 1;
      await script.run(HOST, { held });
    }
    expect(await ask(1, terms)).toMatchObject({ granted: 0, refusal: 'concurrency' });
    const [, slots] = script.keysOf(HOST);
    await redis.del(slots);
    await script.run(HOST, { held });
    expect(await redis.pttl(slots)).toBeGreaterThan(35_000);
    expect(await ask(1, terms)).toMatchObject({ granted: 0, refusal: 'concurrency' });
    script.now += SETTINGS.lease;
    expect((await ask(3, terms)).granted).toBe(2);
  });

  it('gives back permits of which nobody has heard, and knows none that were never granted', async () => {
    const terms = { ...UNLIMITED, concurrency: 3 };
    await ask(2, terms);
    await script.run(HOST, {
      lost: [
        { id: 'q0', count: 5 },
        { id: 'never-asked', count: 64 },
      ],
    });
    expect((await ask(5, terms)).granted).toBe(3);
  });
});

describe('those who wait for a slot', () => {
  const terms = { ...UNLIMITED, concurrency: 1 };

  /** Gives back, and asks again, in one call, as a process does that has more to do. */
  async function goOn(by: string, permits: Permit[]) {
    const id = `q${asked++}`;
    const leaves = permits.map((permit) => ({ ...permit, kind: 'answered' as const }));
    const { grants } = await script.run(HOST, { leaves, asks: [{ id, by, count: 10, terms }] });
    return grants[0]![0] === 0 ? [] : [{ id: `${id}:1`, started: script.now }];
  }

  it('get it in the order in which they were refused one', async () => {
    let held = await goOn('a', (await ask(10, terms, 'a')).permits);
    // Nobody else waited.
    expect(held).toHaveLength(1);
    for (const by of ['b', 'c', 'b', 'c'])
      expect(await ask(10, terms, by)).toMatchObject({ granted: 0, refusal: 'concurrency' });
    const order: string[] = [];
    let holder = 'a';
    for (let turn = 0; turn < 9; turn++) {
      expect(await goOn(holder, held)).toEqual([]);
      held = [];
      for (const by of ['c', 'b', 'a']) {
        const { permits } = await ask(10, terms, by);
        if (permits.length === 0) continue;
        held = permits;
        holder = by;
        order.push(by);
      }
      expect(held).toHaveLength(1);
    }
    expect(order.join('')).toBe('bcabcabca');
  });

  it('do not keep it free for somebody who has gone', async () => {
    const { permits } = await ask(1, terms, 'a');
    await ask(1, terms, 'b');
    await leave(permits, { kind: 'answered' });
    expect((await ask(1, terms, 'a')).granted).toBe(0);
    script.now += 500 * MS - 1;
    expect((await ask(1, terms, 'a')).granted).toBe(0);
    script.now += 1;
    expect((await ask(1, terms, 'a')).granted).toBe(1);
  });

  it('keep one of several for the first, not all', async () => {
    const { permits } = await ask(3, { ...terms, concurrency: 3 }, 'a');
    await ask(1, { ...terms, concurrency: 3 }, 'b');
    await leave(permits, { kind: 'answered' });
    expect((await ask(3, { ...terms, concurrency: 3 }, 'a')).granted).toBe(2);
    expect((await ask(3, { ...terms, concurrency: 3 }, 'b')).granted).toBe(1);
  });
});

describe('a host that says 429', () => {
  it('is left alone until the time it named, by everybody', async () => {
    await leave([await enter()], { kind: 'throttled', after: 7 * SECOND });
    expect(await ask(1, UNLIMITED, 'b')).toMatchObject({ refusal: 'retry_after', wait: 7 * SECOND });
    script.now += 7 * SECOND;
    await enter();
  });

  it('is left alone for 1, 2, 4, 8, 16, 32 and then 60 seconds when it named none, until it answers', async () => {
    const pauses: number[] = [];
    for (let burst = 0; burst < 9; burst++) {
      await leave([await enter()], { kind: 'throttled' });
      const { wait } = await ask(1);
      pauses.push(wait / SECOND);
      script.now += wait;
    }
    expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
    await leave([await enter()], { kind: 'answered' });
    await leave([await enter()], { kind: 'throttled' });
    expect((await ask(1)).wait).toBe(SECOND);
  });

  it('counts once what it says to many requests at once', async () => {
    const { permits } = await ask(20);
    script.now += 100 * MS;
    await leave(permits.slice(0, 5), { kind: 'throttled' });
    script.now += 100 * MS;
    await leave(permits.slice(5, 20), { kind: 'throttled' });
    expect((await ask(1)).wait).toBe(900 * MS);
    script.now += 900 * MS;
    await leave([await enter()], { kind: 'throttled' });
    expect((await ask(1)).wait).toBe(2 * SECOND);
  });

  it('can put off the time, but not bring it forward', async () => {
    const { permits } = await ask(3);
    script.now += 1;
    await leave([permits[0]!], { kind: 'throttled', after: 5 * SECOND });
    await leave([permits[1]!], { kind: 'throttled', after: 9 * SECOND });
    await leave([permits[2]!], { kind: 'throttled', after: SECOND });
    expect((await ask(1)).wait).toBe(9 * SECOND);
  });

  it('does not forget how often it said so because of answers to earlier requests', async () => {
    const { permits } = await ask(2);
    script.now += 1;
    await leave([permits[0]!], { kind: 'throttled' });
    await leave([permits[1]!], { kind: 'answered' });
    script.now += SECOND;
    await leave([await enter()], { kind: 'throttled' });
    expect((await ask(1)).wait).toBe(2 * SECOND);
  });

  it('is asked again after an hour at the latest', async () => {
    await leave([await enter()], { kind: 'throttled', after: 9000 * SECOND });
    expect((await ask(1)).wait).toBe(3600 * SECOND);
  });
});

describe('the circuit of a host', () => {
  const fail = async (times: number) => {
    const events = { opened: 0, probed: 0, closed: 0 };
    for (let n = 0; n < times; n++) {
      script.now += 1;
      const { opened, probed } = await leave([await enter()], { kind: 'failed' });
      events.opened += opened;
      events.probed += probed;
    }
    return events;
  };

  it('opens after so many failures in a row', async () => {
    await fail(2);
    await leave([await enter()], { kind: 'answered' });
    expect((await fail(2)).opened).toBe(0);
    expect((await fail(1)).opened).toBe(1);
    expect(await ask(1)).toMatchObject({ granted: 0, refusal: 'circuit_open', wait: 10 * SECOND });
  });

  it('does not count failures of requests that began before the last good answer', async () => {
    const { permits } = await ask(10);
    script.now += 1;
    await leave([await enter()], { kind: 'answered' });
    expect((await leave(permits, { kind: 'failed' })).opened).toBe(0);
    expect((await fail(2)).opened).toBe(0);
    expect((await fail(1)).opened).toBe(1);
  });

  it('opens once for all requests that are under way', async () => {
    const { permits } = await ask(20);
    script.now += 1;
    expect((await leave(permits.slice(0, 12), { kind: 'failed' })).opened).toBe(1);
    script.now += 5 * SECOND;
    expect(await leave(permits.slice(12, 19), { kind: 'failed' })).toMatchObject({ opened: 0 });
    // Nor does a straggler close it.
    expect(await leave(permits.slice(19), { kind: 'answered' })).toMatchObject({ closed: 0 });
    expect((await ask(1)).wait).toBe(5 * SECOND);
  });

  it('lets one request through when it is half-open, and closes when that is answered', async () => {
    await fail(3);
    script.now += 10 * SECOND;
    const { permits, refusal, probed } = await ask(10);
    expect({ permits: permits.length, refusal, probed }).toEqual({
      permits: 1,
      refusal: 'probing',
      probed: 1,
    });
    expect(await ask(10, UNLIMITED, 'b')).toMatchObject({ granted: 0, refusal: 'probing' });
    expect(await leave(permits, { kind: 'answered' })).toMatchObject({ closed: 1 });
    expect((await ask(10)).granted).toBe(10);
  });

  it('stays open for twice as long each time that the probe fails, up to a limit, and begins anew when closed', async () => {
    await fail(3);
    const waits: number[] = [];
    for (let n = 0; n < 4; n++) {
      const { wait } = await ask(1);
      waits.push(wait / SECOND);
      script.now += wait;
      expect((await leave([await enter()], { kind: 'failed' })).opened).toBe(1);
    }
    expect(waits).toEqual([10, 20, 35, 35]);
    script.now += 35 * SECOND;
    await leave([await enter()], { kind: 'answered' });
    await fail(3);
    expect((await ask(1)).wait).toBe(10 * SECOND);
  });

  it('sends another probe when the first was not used, was told to wait, or has never come back', async () => {
    await fail(3);
    script.now += 10 * SECOND;
    await leave([await enter()], { kind: 'unused' });
    await leave([await enter()], { kind: 'throttled', after: SECOND });
    expect(await ask(1)).toMatchObject({ refusal: 'retry_after' });
    script.now += SECOND;
    const lost = await enter();
    expect(await ask(1)).toMatchObject({ refusal: 'probing', wait: SETTINGS.lease });
    script.now += SETTINGS.lease;
    const probe = await enter();
    // What became of the lost one does not matter any more.
    await leave([lost], { kind: 'failed' });
    expect(await leave([probe], { kind: 'answered' })).toMatchObject({ closed: 1 });
  });
});

describe('AutoThrottle', () => {
  const terms = { interval: 100 * MS, burst: 1, concurrency: 10, target: 2, most: 3 * SECOND };
  const answer = async (latency: number, status = 200) => {
    script.now += 10 * SECOND;
    const { interval: least, target, most } = terms;
    await leave([await enter(terms)], { kind: 'answered', latency, status, target, least, most });
    return Number(await field('delay')) / MS;
  };

  it('moves the delay towards latency divided by the concurrency aimed at, within its bounds', async () => {
    expect(await answer(SECOND)).toBe(500);
    expect(await answer(200 * MS)).toBe(300);
    expect(await answer(200 * MS)).toBe(200);
    expect(await answer(60 * SECOND)).toBe(3000);
    for (let n = 0; n < 20; n++) await answer(0);
    expect(await field('delay')).toBe(String(100 * MS));
  });

  it('is not made quicker by answers other than 200', async () => {
    await answer(2 * SECOND);
    expect(await answer(10 * MS, 404)).toBe(1000);
    expect(await answer(4 * SECOND, 404)).toBe(2000);
  });

  it('spaces the starts of those who want it, and of nobody else', async () => {
    await answer(2 * SECOND);
    script.now += 10 * SECOND;
    await enter(terms);
    expect(await ask(1, terms)).toMatchObject({ refusal: 'rate', wait: SECOND });
    script.now += SECOND;
    const plain = { interval: 100 * MS, burst: 1, concurrency: 10 };
    await enter(plain);
    expect(await ask(1, plain)).toMatchObject({ refusal: 'rate', wait: 100 * MS });
  });
});

describe('what stands in Redis', () => {
  const strict = { interval: SECOND, burst: 1, concurrency: 2 };
  const years = 100 * 365 * 86_400 * SECOND;
  const ahead = years + 1800 * SECOND;

  it.each([
    [
      'lists',
      async (state: string, permits: string) => {
        await redis.rpush(state, 'a');
        await redis.rpush(permits, 'a');
      },
    ],
    [
      'texts',
      async (state: string, permits: string) => {
        await redis.set(state, 'nonsense');
        await redis.set(permits, 'nonsense');
      },
    ],
    [
      'nonsense in every field',
      async (state: string) => {
        const names = ['next_at', 'closed_until', 'closed_at', 'bursts', 'failures', 'well_at', 'open_until'];
        for (const [index, name] of [...names, 'cooldown', 'probe', 'delay', 'kept_at', 'waiting'].entries())
          await redis.hset(state, name, ['nan', 'inf', '-1', '', '{"a":1}', '\u0000'][index % 6]!);
      },
    ],
    [
      'times a century ahead',
      async (state: string) => {
        await redis.hset(state, {
          next_at: script.now + ahead,
          open_until: script.now + ahead,
          well_at: script.now + ahead,
        });
        await redis.hset(state, { closed_until: script.now + ahead, closed_at: script.now + ahead });
      },
    ],
  ])('makes a fresh host when it is spoilt: %s', async (_, spoil) => {
    await spoil(...script.keysOf(HOST));
    const permit = await enter(strict);
    expect(await ask(1, strict)).toMatchObject({ refusal: 'rate', wait: SECOND });
    expect(await leave([permit], { kind: 'failed' })).toMatchObject({ opened: 0 });
    expect(await field('failures')).toBe('1');
    // Nor does it come true when time goes on.
    script.now += years;
    await enter(strict);
  });

  it('is gone some time after the last thing that happened to the host', async () => {
    await leave([await enter(strict)], { kind: 'throttled', after: 100 * SECOND });
    const [state, permits] = script.keysOf(HOST);
    const [stateMs, permitsMs] = [await redis.pttl(state), await redis.exists(permits)];
    expect(stateMs).toBeGreaterThan(155_000);
    expect(stateMs).toBeLessThanOrEqual(160_000);
    expect(permitsMs).toBe(0);
    script.now += 100 * SECOND;
    await enter(strict);
    const leaseMs = await redis.pttl(permits);
    expect(leaseMs).toBeGreaterThan(35_000);
    expect(leaseMs).toBeLessThanOrEqual(40_000);
  });
});
