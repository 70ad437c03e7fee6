import { Redis } from 'ioredis';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { GleanerProcess } from '../support/gleaner-process.js';
import { OwnRedis } from '../support/own-redis.js';

/** See redis.health.ts. */
const CACHE_MS = 1000;
const FLAPS = 4;

let own: OwnRedis;
let redis: Redis;
let environment: TestEnvironment;
let gleaner: GleanerProcess;
let url: string;

beforeAll(async () => {
  own = await OwnRedis.provide('health-faults');
  redis = new Redis(own.url);
  environment = await createEnvironment({ REDIS_URL: own.url, LOG_LEVEL: 'info' });
  gleaner = GleanerProcess.spawn({ ...environment.env, MODE: 'api' });
  url = await gleaner.listening();
});

afterAll(async () => {
  own?.thaw();
  gleaner?.kill('SIGTERM');
  await gleaner?.exit();
  redis?.disconnect();
  await environment?.dispose();
  await own?.dispose();
});

const readiness = async (): Promise<number> => (await fetch(`${url}/health/ready`)).status;
const until = (status: number) =>
  eventually(`readiness to be ${status}`, async () => ((await readiness()) === status ? true : undefined));

interface Line {
  msg: string;
  probe?: string;
}

const linesSince = (length: number): Line[] =>
  gleaner.log
    .slice(length)
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Line);

/** How often Redis was asked whether it is there, by anybody. */
async function pings(): Promise<number> {
  return Number(/cmdstat_ping:calls=(\d+)/.exec(await redis.info('commandstats'))?.[1] ?? 0);
}

describe('a thousand probes', () => {
  it('reach Redis no more often than their answer becomes old', async () => {
    await until(200);
    const [before, begun] = [await pings(), performance.now()];
    const answers = await Promise.all(Array.from({ length: 1000 }, readiness));
    expect(new Set(answers)).toEqual(new Set([200]));
    const most = Math.ceil((performance.now() - begun) / CACHE_MS) + 1;
    const asked = (await pings()) - before;
    expect(asked).toBeLessThanOrEqual(most);
    expect(asked).toBeLessThan(100);
    // It is Redis that is asked, and that is counted.
    await eventually('Redis to be asked', async () => {
      await readiness();
      return (await pings()) > before + asked ? true : undefined;
    });
  });
});

describe('a Redis that comes and goes', () => {
  it('is followed by readiness, and each change is told once', async () => {
    await until(200);
    const { length } = gleaner.log;
    for (let flap = 0; flap < FLAPS; flap++) {
      own.freeze();
      try {
        await until(503);
        expect((await fetch(`${url}/health/live`)).status).toBe(200);
      } finally {
        own.thaw();
      }
      await until(200);
    }
    const linesOfRedis = () => linesSince(length).filter(({ probe }) => probe === 'redis');
    // The last one may still be on its way here.
    const lines = await eventually('the last line', async () =>
      linesOfRedis().length >= 2 * FLAPS ? linesOfRedis() : undefined,
    );
    expect(lines.map(({ msg }) => msg)).toEqual(
      Array.from({ length: FLAPS }, () => ['is down', 'is well again']).flat(),
    );
  });

  it('faster than anybody looks floods neither the log nor Redis', async () => {
    await until(200);
    const { length } = gleaner.log;
    const [before, begun] = [await pings(), performance.now()];
    const over = new AbortController();
    const asking = Array.from({ length: 4 }, async () => {
      while (!over.signal.aborted) await readiness();
    });
    for (let flap = 0; flap < 20; flap++) {
      // The beat of the flapping; nothing is waited for.
      own.freeze();
      await delay(100);
      own.thaw();
      await delay(50);
    }
    over.abort();
    await Promise.all(asking);
    const most = Math.ceil((performance.now() - begun) / CACHE_MS) + 1;
    await until(200);
    expect((await pings()) - before).toBeLessThanOrEqual(most + 2);
    const told = linesSince(length).filter(({ probe }) => probe === 'redis');
    expect(told.length).toBeLessThanOrEqual(most + 2);
    // Whatever else is said of it: an outage is a line for each connection, and one for its end.
    expect(linesSince(length).length).toBeLessThan(20 * most);
  });
});
