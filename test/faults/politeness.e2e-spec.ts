import { Logger } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { HostOutcome, HostPolicy, Permit } from '../../src/features/scraping/politeness/host-policy.js';
import { PermitLostError } from '../../src/features/scraping/politeness/politeness.errors.js';
import { eventually } from '../support/eventually.js';
import { OwnRedis } from '../support/own-redis.js';
import { GATE_OPTIONS, openGate, type PoliteGate, PoliteWorker } from '../support/polite-gate.js';
import { mostTooMany } from '../support/starts.js';

const HOST = 'example.org:443';
const OK: HostOutcome = { kind: 'answered', latencyMs: 5, status: 200 };
const TWO_AT_ONCE: HostPolicy = { delayMs: 0, burst: 1, concurrency: 2, autoThrottle: null };
const never = new AbortController().signal;

let redis: OwnRedis;
let prefix: string;
let gates: PoliteGate[];
let workers: PoliteWorker[];
let said: string[];

/** A Redis of this file's own, which is frozen and killed here. */
beforeAll(async () => {
  redis = await OwnRedis.provide('polite-redis');
});
afterAll(() => redis.dispose());
beforeEach(() => {
  prefix = `test-${randomBytes(6).toString('hex')}`;
  [gates, workers, said] = [[], [], []];
  const say = (...words: unknown[]) => said.push(words.map(String).join(' '));
  vi.spyOn(Logger.prototype, 'warn').mockImplementation(say);
  vi.spyOn(Logger.prototype, 'log').mockImplementation(say);
});
afterEach(async () => {
  vi.restoreAllMocks();
  await Promise.all([...gates.map((gate) => gate.close()), ...workers.map((worker) => worker.end())]);
});

async function open(options: Partial<Parameters<typeof openGate>[1]> = {}): Promise<PoliteGate> {
  const gate = await openGate(redis.url, { prefix, ...options });
  gates.push(gate);
  return gate;
}

function spawn(task: Record<string, unknown>): PoliteWorker {
  const worker = PoliteWorker.spawn(redis.url, { prefix, host: HOST, policy: TWO_AT_ONCE, ...task });
  workers.push(worker);
  return worker;
}

const go = async ({ redis: connection }: PoliteGate) => connection.set(`${prefix}:go`, '1');
const lines = (text: string) => said.filter((line) => line.includes(text)).length;

/** How many have been let in by now. */
function count(entering: readonly Promise<Permit>[]) {
  const got: Permit[] = [];
  for (const one of entering)
    one.then(
      (permit) => got.push(permit),
      () => undefined,
    );
  return got;
}

describe('a worker that is killed', () => {
  it('with all slots of a host holds them until its leases run out, and no longer', async () => {
    const options = { ...GATE_OPTIONS, leaseMs: 3000 };
    const survivor = await open(options);
    const lost = spawn({ options, waiters: 2 });
    await lost.has('ready');
    await go(survivor);
    await eventually('it to hold both', async () => (lost.starts.length === 2 ? true : undefined));
    const permit = survivor.gate.enter(HOST, TWO_AT_ONCE, never);
    lost.kill('SIGKILL');
    await lost.exit();
    const { started } = (await permit) as Permit & { started: number };
    // Measured by Redis: neither before the leases were over, nor never.
    expect(started - Math.min(...lost.starts)).toBeGreaterThanOrEqual(3_000_000);
    (await survivor.gate.enter(HOST, TWO_AT_ONCE, never)).leave(OK);
  });

  it('while it probes leaves the probe to another', async () => {
    const options = {
      ...GATE_OPTIONS,
      leaseMs: 3000,
      breakerFailures: 1,
      breakerCooldownMs: 100,
      patienceMs: 60_000,
    };
    const survivor = await open(options);
    const lost = spawn({ options });
    await lost.has('ready');
    (await survivor.gate.enter(HOST, TWO_AT_ONCE, never)).leave({ kind: 'failed' });
    await eventually('the circuit to open', async () => {
      return (await survivor.gate.stateOf(HOST)).state === 'closed' ? undefined : true;
    });
    await go(survivor);
    await eventually('it to probe', async () => (lost.starts.length === 1 ? true : undefined));
    const entering = [1, 2, 3].map(() => survivor.gate.enter(HOST, TWO_AT_ONCE, never));
    const got = count(entering);
    lost.kill('SIGKILL');
    await lost.exit();
    await eventually('a second probe', async () => (got.length > 0 ? true : undefined));
    const { started } = got[0] as Permit & { started: number };
    expect(started - lost.starts[0]!).toBeGreaterThanOrEqual(3_000_000);
    expect(await survivor.gate.stateOf(HOST)).toMatchObject({ state: 'half-open', inFlight: 1 });
    got[0]!.leave(OK);
    for (const one of entering) (await one).leave(OK);
    expect((await survivor.gate.stateOf(HOST)).state).toBe('closed');
  });
});

describe('a worker whose requests take longer than a lease', () => {
  const options = { ...GATE_OPTIONS, leaseMs: 2000 };

  /** Two and a half leases, by Redis's clock, in which the other has looked again and again. */
  async function waitThrough(other: PoliteGate, since: number): Promise<void> {
    await eventually('two and a half leases to pass', async () => {
      const [seconds, micros] = await other.redis.time();
      return Number(seconds) * 1_000_000 + Number(micros) - since >= 5_000_000 ? true : undefined;
    });
  }

  it('keeps its slots, and loses them when it is killed', async () => {
    const other = await open(options);
    const slow = spawn({ options, waiters: 2 });
    await slow.has('ready');
    await go(other);
    await eventually('it to hold both', async () => (slow.starts.length === 2 ? true : undefined));
    const entering = [1, 2].map(() => other.gate.enter(HOST, TWO_AT_ONCE, never));
    const got = count(entering);
    await waitThrough(other, slow.starts[0]!);
    expect(got).toHaveLength(0);
    expect(slow.losses).toBe(0);
    slow.kill('SIGKILL');
    await slow.exit();
    for (const permit of await Promise.all(entering)) permit.leave(OK);
  });

  it('hears that they are lost when it was frozen meanwhile, and does not take them back', async () => {
    const other = await open(options);
    const frozen = spawn({ options, waiters: 2 });
    await frozen.has('ready');
    await go(other);
    await eventually('it to hold both', async () => (frozen.starts.length === 2 ? true : undefined));
    frozen.kill('SIGSTOP');
    const permits = await Promise.all([1, 2].map(() => other.gate.enter(HOST, TWO_AT_ONCE, never)));
    frozen.kill('SIGCONT');
    await eventually('it to hear so', async () => (frozen.losses === 2 ? true : undefined));
    expect(permits.map(({ signal }) => signal.aborted)).toEqual([false, false]);
    expect((await other.gate.stateOf(HOST)).inFlight).toBe(2);
    for (const permit of permits) permit.leave(OK);
  });

  it('hears that they are lost when Redis cannot be reached, before another is given them', async () => {
    const oneAtATime = { ...TWO_AT_ONCE, concurrency: 1 };
    const worker = await open(options);
    const held = await worker.gate.enter(HOST, oneAtATime, never);
    const other = await open(options);
    const entering = other.gate.enter(HOST, oneAtATime, never);
    worker.redis.disconnect();
    const permit = await entering;
    expect(held.signal.aborted).toBe(true);
    expect(held.signal.reason).toBeInstanceOf(PermitLostError);
    permit.leave(OK);
    expect(await worker.metric('lost')).toBe(1);
    expect(lines('Redis could not be told that requests go on')).toBe(1);
  });
});

describe('while Redis hangs', () => {
  const everywhere = (worker: PoliteGate, times: number) =>
    Array.from({ length: times }, (_, n) => worker.gate.enter(`host-${n % 10}:80`, TWO_AT_ONCE, never));

  it('nobody enters, one question waits for all, and everybody goes on when it is back', async () => {
    const worker = await open();
    const held = await worker.gate.enter(HOST, TWO_AT_ONCE, never);
    const before = worker.calls();
    redis.freeze();
    const stop = new AbortController();
    const impatient = worker.gate.enter(HOST, TWO_AT_ONCE, stop.signal);
    const entering = everywhere(worker, 20);
    const got = count(entering);
    try {
      held.leave({ kind: 'failed' });
      await eventually('it to be said', async () => (lines('Redis does not answer') > 0 ? true : undefined));
      stop.abort(new Error('no longer wanted'));
      await expect(impatient).rejects.toThrow('no longer wanted');
      // Whoever comes later waits, too, and asks nothing.
      const later = everywhere(worker, 20);
      entering.push(...later);
      expect(got).toHaveLength(0);
      expect(worker.calls() - before).toBeLessThanOrEqual(1);
    } finally {
      redis.thaw();
    }
    await Promise.all(entering.slice(0, 20));
    for (const permit of got) permit.leave(OK);
    for (const permit of await Promise.all(entering.slice(20))) permit.leave(OK);
    await eventually('the end of it to be said', async () =>
      lines('Redis answers again') > 0 ? true : undefined,
    );
    expect([lines('Redis does not answer'), lines('Redis answers again')]).toEqual([1, 1]);
    expect(await worker.metric('silences')).toBe(1);
    // What was told meanwhile has arrived, and what was granted to the impatient one is free.
    await eventually('nothing in flight', async () => {
      return (await worker.gate.stateOf(HOST)).inFlight === 0 ? true : undefined;
    });
    expect(await worker.redis.hget(`${prefix}:host:${HOST}`, 'failures')).toBe('1');
  });

  it('for longer than a connection is believed, nothing is lost and nothing counted twice', async () => {
    const worker = await open({ socketTimeout: 300 });
    const held = await worker.gate.enter(HOST, TWO_AT_ONCE, never);
    const other = await worker.gate.enter(HOST, TWO_AT_ONCE, never);
    let cuts = 0;
    worker.redis.on('close', () => cuts++);
    redis.freeze();
    const entering = [1, 2].map(() => worker.gate.enter(HOST, TWO_AT_ONCE, never));
    try {
      held.leave({ kind: 'failed' });
      other.leave({ kind: 'failed' });
      await eventually('the connection to be given up', async () => (cuts >= 2 ? true : undefined));
    } finally {
      redis.thaw();
    }
    // Redis has got questions that it answered into the void: what it granted is free long before its lease is over.
    const permits = await Promise.all(entering);
    expect(await worker.redis.hget(`${prefix}:host:${HOST}`, 'failures')).toBe('2');
    for (const permit of permits) permit.leave(OK);
    expect(lines('Redis does not answer')).toBe(1);
    await eventually('nothing in flight', async () => {
      return (await worker.gate.stateOf(HOST)).inFlight === 0 ? true : undefined;
    });
  });

  it('the rate of a host is kept by all its workers', async () => {
    const policy = { delayMs: 50, burst: 2, concurrency: 50, autoThrottle: null };
    const conductor = await open();
    const crew = [1, 2].map(() => spawn({ policy, waiters: 4, outcome: OK }));
    for (const worker of crew) await worker.has('ready');
    await go(conductor);
    const starts = () => crew.flatMap((worker) => worker.starts).sort((a, b) => a - b);
    const started = (more: number) => {
      const goal = starts().length + more;
      return eventually(`${more} starts`, async () => (starts().length >= goal ? true : undefined));
    };
    await started(20);
    redis.freeze();
    // Long enough for a process that counts by itself to have gone on.
    await expect(conductor.redis.ping()).rejects.toThrow();
    redis.thaw();
    await started(40);
    expect(mostTooMany(starts(), { interval: 50_000, burst: 2 })).toBeLessThanOrEqual(0);
  });
});

describe('when Redis is killed', () => {
  it('nobody enters until it is back, and then everybody does', async () => {
    const worker = await open();
    const held = await worker.gate.enter(HOST, TWO_AT_ONCE, never);
    redis.kill();
    await eventually('the loss to be noticed', async () =>
      worker.redis.status === 'ready' ? undefined : true,
    );
    const entering = Array.from({ length: 30 }, () => worker.gate.enter(HOST, TWO_AT_ONCE, never));
    const got = count(entering);
    held.leave(OK);
    await eventually('it to be said', async () => (lines('Redis does not answer') > 0 ? true : undefined));
    expect(got).toHaveLength(0);
    await redis.start();
    for (const one of entering) (await one).leave(OK);
    expect([lines('Redis does not answer'), lines('Redis answers again')]).toEqual([1, 1]);
  });
});
