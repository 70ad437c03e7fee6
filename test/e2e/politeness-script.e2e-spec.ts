import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HOST, MS, OneHost, type Permit, SECOND, SETTINGS, UNLIMITED } from '../support/one-host.js';
import { ReferenceHost, type ReferenceTerms } from '../support/reference-host.js';
import { mostTooMany } from '../support/starts.js';

const one = OneHost.forEach();
const { ask, enter, leave, field } = one;

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
          one.script.now += pause;
          reference.moveTo(one.script.now);
          const told = leaves.flatMap(({ which, outcome: became }) => {
            const permit = permits[which % permits.length];
            return permit ? [{ permit, became }] : [];
          });
          const held = renewals.flatMap((which) => permits[which % permits.length] ?? []);
          const questions = asks.map(({ policy, by, count }) => ({
            id: one.nextId(),
            by,
            count,
            terms: policies[policy]!,
          }));
          const answer = await one.script.run(host, {
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
            for (let n = 1; n <= granted; n++)
              permits.push({ id: `${id}:${n}`, started: one.script.now, terms });
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
          one.script.now += pause;
          const terms = { interval, burst, concurrency: 1000 };
          const { grants } = await one.script.run(host, {
            asks: [{ id: one.nextId(), by: 'a', count, terms }],
          });
          for (let n = 0; n < grants[0]![0]; n++) starts.push(one.script.now);
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
    one.script.now += SECOND;
    await enter(quick);
    expect(await ask(1, slow)).toMatchObject({ granted: 0, refusal: 'rate', wait: 100 * MS });
  });

  it('gives back the slots of a worker that says nothing, when their lease is over', async () => {
    const terms = { ...UNLIMITED, concurrency: 3 };
    expect((await ask(5, terms)).granted).toBe(3);
    one.script.now += SETTINGS.lease - 1;
    expect(await ask(1, terms)).toMatchObject({ granted: 0, refusal: 'concurrency' });
    one.script.now += 1;
    expect((await ask(5, terms)).granted).toBe(3);
  });

  it('leaves a slot to who renews its lease, and counts it also when it was not known', async () => {
    const terms = { ...UNLIMITED, concurrency: 2 };
    const { permits } = await ask(2, terms);
    const held = permits.map(({ id }) => id);
    for (let n = 0; n < 3; n++) {
      one.script.now += SETTINGS.lease - 1;
      await one.script.run(HOST, { held });
    }
    expect(await ask(1, terms)).toMatchObject({ granted: 0, refusal: 'concurrency' });
    const [, slots] = one.script.keysOf(HOST);
    await one.redis.del(slots);
    await one.script.run(HOST, { held });
    expect(await one.redis.pttl(slots)).toBeGreaterThan(35_000);
    expect(await ask(1, terms)).toMatchObject({ granted: 0, refusal: 'concurrency' });
    one.script.now += SETTINGS.lease;
    expect((await ask(3, terms)).granted).toBe(2);
  });

  it('gives back permits of which nobody has heard, and knows none that were never granted', async () => {
    const terms = { ...UNLIMITED, concurrency: 3 };
    await ask(2, terms);
    await one.script.run(HOST, {
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
    const id = one.nextId();
    const leaves = permits.map((permit) => ({ ...permit, kind: 'answered' as const }));
    const { grants } = await one.script.run(HOST, { leaves, asks: [{ id, by, count: 10, terms }] });
    return grants[0]![0] === 0 ? [] : [{ id: `${id}:1`, started: one.script.now }];
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
    one.script.now += 500 * MS - 1;
    expect((await ask(1, terms, 'a')).granted).toBe(0);
    one.script.now += 1;
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

describe('what stands in Redis', () => {
  const strict = { interval: SECOND, burst: 1, concurrency: 2 };
  const years = 100 * 365 * 86_400 * SECOND;
  const ahead = years + 1800 * SECOND;

  it.each([
    [
      'lists',
      async (state: string, permits: string) => {
        await one.redis.rpush(state, 'a');
        await one.redis.rpush(permits, 'a');
      },
    ],
    [
      'texts',
      async (state: string, permits: string) => {
        await one.redis.set(state, 'nonsense');
        await one.redis.set(permits, 'nonsense');
      },
    ],
    [
      'nonsense in every field',
      async (state: string) => {
        const names = ['next_at', 'closed_until', 'closed_at', 'bursts', 'failures', 'well_at', 'open_until'];
        for (const [index, name] of [...names, 'cooldown', 'probe', 'delay', 'kept_at', 'waiting'].entries())
          await one.redis.hset(state, name, ['nan', 'inf', '-1', '', '{"a":1}', '\u0000'][index % 6]!);
      },
    ],
    [
      'times a century ahead',
      async (state: string) => {
        await one.redis.hset(state, {
          next_at: one.script.now + ahead,
          open_until: one.script.now + ahead,
          well_at: one.script.now + ahead,
        });
        await one.redis.hset(state, {
          closed_until: one.script.now + ahead,
          closed_at: one.script.now + ahead,
        });
      },
    ],
  ])('makes a fresh host when it is spoilt: %s', async (_, spoil) => {
    await spoil(...one.script.keysOf(HOST));
    const permit = await enter(strict);
    expect(await ask(1, strict)).toMatchObject({ refusal: 'rate', wait: SECOND });
    expect(await leave([permit], { kind: 'failed' })).toMatchObject({ opened: 0 });
    expect(await field('failures')).toBe('1');
    // Nor does it come true when time goes on.
    one.script.now += years;
    await enter(strict);
  });

  it('is gone some time after the last thing that happened to the host', async () => {
    await leave([await enter(strict)], { kind: 'throttled', after: 100 * SECOND });
    const [state, permits] = one.script.keysOf(HOST);
    const [stateMs, permitsMs] = [await one.redis.pttl(state), await one.redis.exists(permits)];
    expect(stateMs).toBeGreaterThan(155_000);
    expect(stateMs).toBeLessThanOrEqual(160_000);
    expect(permitsMs).toBe(0);
    one.script.now += 100 * SECOND;
    await enter(strict);
    const leaseMs = await one.redis.pttl(permits);
    expect(leaseMs).toBeGreaterThan(35_000);
    expect(leaseMs).toBeLessThanOrEqual(40_000);
  });
});
