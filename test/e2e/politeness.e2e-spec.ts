import { Logger } from '@nestjs/common';
import { Redis } from 'ioredis';
import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it, vi } from 'vitest';
import type { HostOutcome, HostPolicy, Permit } from '../../src/features/scraping/politeness/host-policy.js';
import { HostBlockedError } from '../../src/features/scraping/politeness/politeness.errors.js';
import { ask } from '../support/asking.js';
import { createEnvironment } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { bootApp } from '../support/test-app.js';
import { mostTooMany } from '../support/starts.js';
import { openGate, type PoliteGate, PoliteWorker } from '../support/polite-gate.js';

const HOST = 'example.org:443';
const OK: HostOutcome = { kind: 'answered', latencyMs: 5, status: 200 };
const FAILED: HostOutcome = { kind: 'failed' };
const UNLIMITED: HostPolicy = { delayMs: 0, burst: 1, concurrency: 1000, autoThrottle: null };
const ONE_AT_A_TIME: HostPolicy = { ...UNLIMITED, concurrency: 1 };

let redis: Redis;
let prefix: string;
let gates: PoliteGate[];
const never = new AbortController().signal;

beforeAll(() => {
  Logger.overrideLogger(false);
  redis = new Redis(inject('redisUrl'));
});
afterAll(() => redis.quit());
beforeEach(() => {
  prefix = `test-${randomBytes(6).toString('hex')}`;
  gates = [];
});
afterEach(async () => {
  vi.useRealTimers();
  await Promise.all(gates.map((gate) => gate.close()));
});

async function open(options: Partial<Parameters<typeof openGate>[1]> = {}): Promise<PoliteGate> {
  const gate = await openGate(inject('redisUrl'), { prefix, ...options });
  gates.push(gate);
  return gate;
}

/** How many of these permits are there by now. */
function watch(entering: readonly Promise<Permit>[]) {
  const got: { index: number; permit: Permit }[] = [];
  for (const [index, permit] of entering.entries())
    permit.then(
      (given) => got.push({ index, permit: given }),
      () => undefined,
    );
  return got;
}

const enterAll = ({ gate }: PoliteGate, count: number, policy: HostPolicy, host = HOST, signal = never) =>
  Array.from({ length: count }, () => gate.enter(host, policy, signal));

const inFlight = async ({ gate }: PoliteGate) => (await gate.stateOf(HOST)).inFlight;

/** Resolves when all that was told before has reached Redis. */
const told = (gate: PoliteGate, count = 0) =>
  eventually(`${count} in flight`, async () => ((await inFlight(gate)) === count ? true : undefined));

describe('those who wait for a host', () => {
  it('are asked for together, and let in first come, first served', async () => {
    const worker = await open();
    const entering = enterAll(worker, 50, { ...UNLIMITED, concurrency: 20 });
    const got = watch(entering);
    await entering[0];
    expect(worker.calls()).toBe(1);
    await eventually('20 to be let in', async () => (got.length === 20 ? true : undefined));
    for (let n = 0; n < 30; n++) {
      got[n]?.permit.leave(OK);
      await entering[n + 20];
    }
    expect(got.map(({ index }) => index)).toEqual(Array.from({ length: 50 }, (_, n) => n));
  });

  it('hear at once of what is given back in their own process', async () => {
    const worker = await open();
    const entering = enterAll(worker, 100, ONE_AT_A_TIME);
    const first = await entering[0]!;
    // Whoever looks for himself from time to time never gets to it.
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    first.leave(OK);
    for (const next of entering.slice(1)) (await next).leave(OK);
    vi.useRealTimers();
    await told(worker);
    expect(await worker.metric('granted')).toBe(100);
  });

  it('see what other processes give back, and are never more than may be under way in the cluster', async () => {
    const workers = await Promise.all([open(), open(), open()]);
    let [now, most, done] = [0, 0, 0];
    const policy = { ...UNLIMITED, concurrency: 2 };
    const visit = async (worker: PoliteGate) => {
      const permit = await worker.gate.enter(HOST, policy, never);
      most = Math.max(most, ++now);
      await redis.ping();
      now--;
      done++;
      permit.leave(OK);
    };
    await Promise.all(workers.flatMap((worker) => Array.from({ length: 40 }, () => visit(worker))));
    expect({ most, done }).toEqual({ most: 2, done: 120 });
  });

  it('get their share of a single slot, in whatever process and on whatever terms', async () => {
    const workers = await Promise.all([open(), open()]);
    const parties = workers.flatMap((worker) =>
      [1, 2].map((burst) => ({ worker, policy: { ...ONE_AT_A_TIME, burst }, turns: 0 })),
    );
    const stop = new AbortController();
    // Whoever is served first would otherwise keep the slot until nobody of his waits any more.
    const visits = parties.flatMap((party) =>
      Array.from({ length: 500 }, async () => {
        const permit = await party.worker.gate.enter(HOST, party.policy, stop.signal);
        party.turns++;
        await redis.ping();
        permit.leave(OK);
      }),
    );
    await eventually('20 turns of each', async () =>
      parties.every(({ turns }) => turns >= 20) ? true : undefined,
    );
    const turns = parties.map((party) => party.turns);
    stop.abort(new Error('enough'));
    await Promise.allSettled(visits);
    expect(Math.max(...turns)).toBeLessThan(200);
  });

  it('do not keep others from fifty cold hosts when they wait for a hot one', async () => {
    const worker = await open();
    const stop = new AbortController();
    const slow = { ...UNLIMITED, delayMs: 60_000 };
    const hot = enterAll(worker, 2000, slow, 'hot.example:80', stop.signal);
    const waiting = watch(hot);
    await hot[0];
    for (let round = 0; round < 5; round++) {
      const cold = Array.from({ length: 50 }, (_, n) =>
        worker.gate.enter(`cold-${n}.example:80`, UNLIMITED, never),
      );
      for (const permit of await Promise.all(cold)) permit.leave(OK);
    }
    expect(waiting).toHaveLength(1);
    stop.abort(new Error('enough'));
    await Promise.allSettled(hot);
  });

  it('stop waiting when their signal aborts, and nobody else does', async () => {
    const worker = await open();
    const holding = await worker.gate.enter(HOST, ONE_AT_A_TIME, never);
    const stop = new AbortController();
    const [gone, staying] = [
      worker.gate.enter(HOST, ONE_AT_A_TIME, stop.signal),
      worker.gate.enter(HOST, ONE_AT_A_TIME, never),
    ];
    stop.abort(new Error('no longer wanted'));
    await expect(gone).rejects.toThrow('no longer wanted');
    await expect(worker.gate.enter(HOST, ONE_AT_A_TIME, stop.signal)).rejects.toThrow('no longer wanted');
    holding.leave(OK);
    (await staying).leave(OK);
    await told(worker);
  });

  it('give back what is granted after they have gone', async () => {
    const worker = await open();
    const stop = new AbortController();
    const entering = enterAll(worker, 10, UNLIMITED, HOST, stop.signal);
    // The question is under way: it was sent at the end of this turn, and its answer has not been read.
    await new Promise((resolve) => setImmediate(resolve));
    stop.abort(new Error('no longer wanted'));
    await Promise.allSettled(entering);
    (await worker.gate.enter(HOST, ONE_AT_A_TIME, never)).leave(OK);
    await told(worker);
    expect(await worker.metric('granted')).toBe(1);
  });
});

describe('a permit', () => {
  it('is given back once, however often that is said', async () => {
    const worker = await open();
    const policy = { ...UNLIMITED, concurrency: 2 };
    const [first, second] = await Promise.all(enterAll(worker, 2, policy));
    first!.leave(FAILED);
    for (let n = 0; n < 10; n++) first!.leave(FAILED);
    await told(worker, 1);
    expect(await redis.hget(`${prefix}:host:${HOST}`, 'failures')).toBe('1');
    second!.leave(OK);
  });

  it('is given back before the process ends', async () => {
    const worker = await openGate(inject('redisUrl'), { prefix });
    const permits = await Promise.all(enterAll(worker, 700, UNLIMITED));
    for (const permit of permits) permit.leave(OK);
    await worker.close();
    expect(await inFlight(await open())).toBe(0);
  });
});

describe('a host that is closed', () => {
  it('is waited for when that is soon over', async () => {
    const [one, other] = await Promise.all([open(), open()]);
    (await one.gate.enter(HOST, UNLIMITED, never)).leave({ kind: 'throttled', retryAfterMs: 600 });
    await told(one);
    const { retryAfterUntil } = await other.gate.stateOf(HOST);
    expect(retryAfterUntil).not.toBeNull();
    (await other.gate.enter(HOST, UNLIMITED, never)).leave(OK);
    expect((await other.gate.stateOf(HOST)).retryAfterUntil).toBeNull();
    expect(await other.metric('blocked')).toBe(0);
  });

  it('is named with the time at which to come again when it is not', async () => {
    const [one, other] = await Promise.all([open(), open()]);
    (await one.gate.enter(HOST, UNLIMITED, never)).leave({ kind: 'throttled', retryAfterMs: 30_000 });
    await told(one);
    const error: unknown = await other.gate.enter(HOST, UNLIMITED, never).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(HostBlockedError);
    const { reason, waitMs, until } = error as HostBlockedError;
    expect(reason).toBe('retry_after');
    expect(waitMs).toBeGreaterThan(10_000);
    expect(waitMs).toBeLessThanOrEqual(30_000);
    expect(until.getTime() - Date.now()).toBeLessThanOrEqual(30_000);
    expect(await other.metric('blocked')).toBe(1);
  });

  it.each([0, -5, undefined, Number.NaN])(
    'keeps everybody waiting for a second when it names none: %s',
    async (named) => {
      const worker = await open({ patienceMs: 0 });
      (await worker.gate.enter(HOST, UNLIMITED, never)).leave({ kind: 'throttled', retryAfterMs: named });
      await told(worker);
      await expect(worker.gate.enter(HOST, UNLIMITED, never)).rejects.toMatchObject({
        waitMs: expect.closeTo(500, -3) as number,
      });
    },
  );

  it('turns away those who wait already, too', async () => {
    const worker = await open();
    const [first, second] = enterAll(worker, 2, ONE_AT_A_TIME);
    (await first!).leave({ kind: 'throttled', retryAfterMs: 30_000 });
    await expect(second).rejects.toBeInstanceOf(HostBlockedError);
  });
});

describe('the circuit of a host', () => {
  const breaker = { breakerFailures: 3, breakerCooldownMs: 100, patienceMs: 60_000 };
  const fail = async (worker: PoliteGate, times: number) => {
    for (let n = 0; n < times; n++) (await worker.gate.enter(HOST, ONE_AT_A_TIME, never)).leave(FAILED);
    await told(worker);
  };

  it('is opened by one process for all', async () => {
    const [one, other] = await Promise.all([open(), open()]);
    await fail(one, 5);
    expect(await other.gate.stateOf(HOST)).toMatchObject({ state: 'open', inFlight: 0 });
    await expect(other.gate.enter(HOST, UNLIMITED, never)).rejects.toMatchObject({ reason: 'circuit_open' });
    expect([await one.metric('transitions'), await other.metric('transitions')]).toEqual([1, 0]);
  });

  it('lets exactly one probe of the cluster through, and everybody when that is answered', async () => {
    const [one, other, third] = await Promise.all([open(breaker), open(breaker), open(breaker)]);
    await fail(one, 3);
    const entering = [one, other, third].flatMap((worker) => enterAll(worker, 20, UNLIMITED));
    const got = watch(entering);
    await eventually('the probe', async () => (got.length > 0 ? true : undefined));
    // Long enough for everybody to have looked several times.
    const looked = other.calls();
    await eventually('another to look', async () => (other.calls() > looked + 5 ? true : undefined));
    expect(got).toHaveLength(1);
    expect((await other.gate.stateOf(HOST)).state).toBe('half-open');
    got[0]?.permit.leave(OK);
    for (const permit of await Promise.all(entering)) permit.leave(OK);
    await told(one);
    expect((await other.gate.stateOf(HOST)).state).toBe('closed');
    const counts = await Promise.all([one, other, third].map((worker) => worker.metric('transitions')));
    // Opened, probed and closed.
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(3);
  });

  it('turns away those who have waited for the probe for too long', async () => {
    const [one, other] = await Promise.all([open(breaker), open({ ...breaker, patienceMs: 300 })]);
    await fail(one, 3);
    const probe = await one.gate.enter(HOST, UNLIMITED, never);
    await expect(other.gate.enter(HOST, UNLIMITED, never)).rejects.toMatchObject({
      reason: 'circuit_open',
      waitMs: 300,
    });
    probe.leave(OK);
  });
});

describe('AutoThrottle', () => {
  it('works on the latency that is told, for all processes', async () => {
    const policy = { ...UNLIMITED, autoThrottle: { targetConcurrency: 2, maxDelayMs: 5000 } };
    const [one, other] = await Promise.all([open(), open()]);
    (await one.gate.enter(HOST, policy, never)).leave({ kind: 'answered', latencyMs: 800, status: 200 });
    await told(one);
    expect((await other.gate.stateOf(HOST)).delayMs).toBe(400);
    (await other.gate.enter(HOST, policy, never)).leave({ kind: 'answered', latencyMs: 400, status: 200 });
    await told(other);
    expect((await one.gate.stateOf(HOST)).delayMs).toBe(300);
  });
});

describe('three processes at a host of 20 requests a second', () => {
  it('never start more in any window than the bucket allows, and use 95 % of the rate', async () => {
    const policy = { delayMs: 50, burst: 2, concurrency: 16, autoThrottle: null };
    const task = { prefix, host: HOST, policy, waiters: 8, outcome: OK };
    const workers = Array.from({ length: 3 }, () => PoliteWorker.spawn(inject('redisUrl'), task));
    try {
      for (const worker of workers) await worker.has('ready');
      await redis.set(`${prefix}:go`, '1');
      const starts = () => workers.flatMap((worker) => worker.starts).sort((a, b) => a - b);
      await eventually('300 requests', async () => (starts().length >= 300 ? true : undefined), 50_000);
      const times = starts();
      expect(mostTooMany(times, { interval: 50_000, burst: 2 })).toBeLessThanOrEqual(0);
      const allowed = (times.at(-1)! - times[0]!) / 50_000;
      expect(times.length).toBeGreaterThanOrEqual(0.95 * allowed);
      for (const worker of workers) expect(worker.starts.length).toBeGreaterThan(0);
    } finally {
      await Promise.all(workers.map((worker) => worker.end()));
    }
  });
});

describe('a worker', () => {
  it('has counters of politeness from the start, and none that name a host', async () => {
    const environment = await createEnvironment();
    const app = await bootApp('worker', environment.env);
    try {
      const { body } = await ask(`${app.url}/metrics`);
      const series = body.split('\n').filter((line) => /^gleaner_politeness_\w+_total/.test(line));
      expect(series.sort()).toEqual([
        'gleaner_politeness_blocked_total{reason="circuit_open"} 0',
        'gleaner_politeness_blocked_total{reason="retry_after"} 0',
        'gleaner_politeness_breaker_transitions_total{state="closed"} 0',
        'gleaner_politeness_breaker_transitions_total{state="half_open"} 0',
        'gleaner_politeness_breaker_transitions_total{state="opened"} 0',
        'gleaner_politeness_granted_total 0',
        'gleaner_politeness_permits_lost_total 0',
        'gleaner_politeness_redis_outages_total 0',
      ]);
    } finally {
      await app.close();
      await environment.dispose();
    }
  });
});
