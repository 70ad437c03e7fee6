import { describe, expect, it } from 'vitest';
import { HOST, MS, OneHost, SECOND, SETTINGS, UNLIMITED } from '../support/one-host.js';

const one = OneHost.forEach();
const { ask, enter, leave, field } = one;

describe('a host that says 429', () => {
  it('is left alone until the time it named, by everybody', async () => {
    await leave([await enter()], { kind: 'throttled', after: 7 * SECOND });
    expect(await ask(1, UNLIMITED, 'b')).toMatchObject({ refusal: 'retry_after', wait: 7 * SECOND });
    one.script.now += 7 * SECOND;
    await enter();
  });

  it('is left alone for 1, 2, 4, 8, 16, 32 and then 60 seconds when it named none, until it answers', async () => {
    const pauses: number[] = [];
    for (let burst = 0; burst < 9; burst++) {
      await leave([await enter()], { kind: 'throttled' });
      const { wait } = await ask(1);
      pauses.push(wait / SECOND);
      one.script.now += wait;
    }
    expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
    await leave([await enter()], { kind: 'answered' });
    await leave([await enter()], { kind: 'throttled' });
    expect((await ask(1)).wait).toBe(SECOND);
  });

  it('counts once what it says to many requests at once', async () => {
    const { permits } = await ask(20);
    one.script.now += 100 * MS;
    await leave(permits.slice(0, 5), { kind: 'throttled' });
    one.script.now += 100 * MS;
    await leave(permits.slice(5, 20), { kind: 'throttled' });
    expect((await ask(1)).wait).toBe(900 * MS);
    one.script.now += 900 * MS;
    await leave([await enter()], { kind: 'throttled' });
    expect((await ask(1)).wait).toBe(2 * SECOND);
  });

  it('can put off the time, but not bring it forward', async () => {
    const { permits } = await ask(3);
    one.script.now += 1;
    await leave([permits[0]!], { kind: 'throttled', after: 5 * SECOND });
    await leave([permits[1]!], { kind: 'throttled', after: 9 * SECOND });
    await leave([permits[2]!], { kind: 'throttled', after: SECOND });
    expect((await ask(1)).wait).toBe(9 * SECOND);
  });

  it('does not forget how often it said so because of answers to earlier requests', async () => {
    const { permits } = await ask(2);
    one.script.now += 1;
    await leave([permits[0]!], { kind: 'throttled' });
    await leave([permits[1]!], { kind: 'answered' });
    one.script.now += SECOND;
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
      one.script.now += 1;
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
    one.script.now += 1;
    await leave([await enter()], { kind: 'answered' });
    expect((await leave(permits, { kind: 'failed' })).opened).toBe(0);
    expect((await fail(2)).opened).toBe(0);
    expect((await fail(1)).opened).toBe(1);
  });

  it('opens once for all requests that are under way', async () => {
    const { permits } = await ask(20);
    one.script.now += 1;
    expect((await leave(permits.slice(0, 12), { kind: 'failed' })).opened).toBe(1);
    one.script.now += 5 * SECOND;
    expect(await leave(permits.slice(12, 19), { kind: 'failed' })).toMatchObject({ opened: 0 });
    // Nor does a straggler close it.
    expect(await leave(permits.slice(19), { kind: 'answered' })).toMatchObject({ closed: 0 });
    expect((await ask(1)).wait).toBe(5 * SECOND);
  });

  it('lets one request through when it is half-open, and closes when that is answered', async () => {
    await fail(3);
    one.script.now += 10 * SECOND;
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
      one.script.now += wait;
      expect((await leave([await enter()], { kind: 'failed' })).opened).toBe(1);
    }
    expect(waits).toEqual([10, 20, 35, 35]);
    one.script.now += 35 * SECOND;
    await leave([await enter()], { kind: 'answered' });
    await fail(3);
    expect((await ask(1)).wait).toBe(10 * SECOND);
  });

  it('sends another probe when the first was not used, was told to wait, or has never come back', async () => {
    await fail(3);
    one.script.now += 10 * SECOND;
    await leave([await enter()], { kind: 'unused' });
    await leave([await enter()], { kind: 'throttled', after: SECOND });
    expect(await ask(1)).toMatchObject({ refusal: 'retry_after' });
    one.script.now += SECOND;
    const lost = await enter();
    expect(await ask(1)).toMatchObject({ refusal: 'probing', wait: SETTINGS.lease });
    one.script.now += SETTINGS.lease;
    const probe = await enter();
    // What became of the lost one does not matter any more.
    await leave([lost], { kind: 'failed' });
    expect(await leave([probe], { kind: 'answered' })).toMatchObject({ closed: 1 });
  });
});

describe('the circuits that are open', () => {
  const open = async (host: string) => {
    for (let n = 0; n < SETTINGS.failures; n++) {
      one.script.now += 1;
      const id = one.nextId();
      const asks = [{ id, by: 'a', count: 1, terms: UNLIMITED }];
      expect((await one.script.run(host, { asks })).grants[0]?.[0]).toBe(1);
      await one.script.run(host, { leaves: [{ id: `${id}:1`, started: one.script.now, kind: 'failed' }] });
    }
  };

  it('are counted without looking at any host, until they are closed', async () => {
    expect(await one.script.openCircuits()).toBe(0);
    await open(HOST);
    await open('other.example:80');
    expect(await one.script.openCircuits()).toBe(2);
    one.script.now += 10 * SECOND;
    const probe = await enter();
    // Half-open: its probe is under way.
    expect(await one.script.openCircuits()).toBe(2);
    await leave([probe], { kind: 'answered' });
    expect(await one.script.openCircuits()).toBe(1);
    expect(await one.redis.zcard(one.script.circuitsKey)).toBe(1);
  });

  it('count on when the probe fails, and no longer a minute after nobody has probed', async () => {
    await open(HOST);
    one.script.now += 10 * SECOND;
    await leave([await enter()], { kind: 'failed' });
    one.script.now += (20 + 60) * SECOND;
    expect(await one.script.openCircuits()).toBe(1);
    one.script.now += 1;
    expect(await one.script.openCircuits()).toBe(0);
    // What does not count any more is forgotten with the next change, and all of it when there is none.
    await open('other.example:80');
    expect(await one.redis.zcard(one.script.circuitsKey)).toBe(1);
    expect(await one.redis.pttl(one.script.circuitsKey)).toBeGreaterThan(3_600_000);
  });

  it('are counted anew when what stands in Redis is spoilt', async () => {
    await one.redis.set(one.script.circuitsKey, 'nonsense');
    await open(HOST);
    expect(await one.script.openCircuits()).toBe(1);
  });
});

describe('AutoThrottle', () => {
  const terms = { interval: 100 * MS, burst: 1, concurrency: 10, target: 2, most: 3 * SECOND };
  const answer = async (latency: number, status = 200) => {
    one.script.now += 10 * SECOND;
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
    one.script.now += 10 * SECOND;
    await enter(terms);
    expect(await ask(1, terms)).toMatchObject({ refusal: 'rate', wait: SECOND });
    one.script.now += SECOND;
    const plain = { interval: 100 * MS, burst: 1, concurrency: 10 };
    await enter(plain);
    expect(await ask(1, plain)).toMatchObject({ refusal: 'rate', wait: 100 * MS });
  });
});
