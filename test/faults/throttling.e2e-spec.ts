import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BlackHole } from '../support/black-hole.js';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { GleanerProcess } from '../support/gleaner-process.js';
import { OwnRedis } from '../support/own-redis.js';
import { bootApp } from '../support/test-app.js';

const LIMIT = 60;

let redis: OwnRedis;
let environment: TestEnvironment;
let api: GleanerProcess;
let url: string;
let count = 0;

/** A Redis of this file's own, which is frozen and killed here; and the application as it runs in production. */
beforeAll(async () => {
  redis = await OwnRedis.provide('throttled-redis');
  environment = await createEnvironment({
    REDIS_URL: redis.url,
    MODE: 'api',
    LOG_LEVEL: 'info',
    THROTTLE_DEFAULT: `${LIMIT}/1d`,
    // A busy machine is no outage; a frozen Redis is noticed all the same.
    THROTTLE_REDIS_TIMEOUT_MS: '1000',
    // Every test is a client of its own.
    TRUSTED_PROXIES: '127.0.0.1',
  });
  api = GleanerProcess.spawn(environment.env);
  url = await api.listening(60_000);
});

afterAll(async () => {
  api?.kill('SIGKILL');
  await api?.exit();
  await environment?.dispose();
  await redis?.dispose();
});

/** Asks so often at once, as a client that nobody else is. @returns the statuses. */
async function ask(times: number, client: string): Promise<number[]> {
  return Promise.all(
    Array.from({ length: times }, async () => {
      const answer = await fetch(`${url}/api/v1/nowhere`, { headers: { 'x-forwarded-for': client } });
      await answer.arrayBuffer();
      return answer.status;
    }),
  );
}

const passed = (statuses: number[]): number => statuses.filter((status) => status !== 429).length;
const newClient = (): string => `192.0.2.${++count}`;

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1]);
}

const fallbackIs = (value: 0 | 1) =>
  eventually(`the fallback to be ${value}`, async () => {
    return (await metric('gleaner_throttle_fallback')) === value ? true : undefined;
  });

const linesSaying = (text: string): number => api.log.split(text).length - 1;

/** Lines come through a pipe, behind the metrics. */
const aLineSays = (text: string) =>
  eventually(`a line saying "${text}"`, async () => (linesSaying(text) > 0 ? true : undefined));

/** Whether Redis has a bucket of this client. */
const isShared = (client: string) => redis.exists(`${environment.env['REDIS_PREFIX']}:t:default:a:${client}`);

describe('while Redis hangs', () => {
  it('this process keeps the limit by itself, nobody waits but the first, and all share it again afterwards', async () => {
    const before = newClient();
    expect(passed(await ask(LIMIT, before))).toBe(LIMIT);
    expect(passed(await ask(5, before))).toBe(0);
    redis.freeze();
    try {
      const client = newClient();
      const statuses = await ask(2 * LIMIT, client);
      expect(new Set(statuses)).toEqual(new Set([404, 429]));
      expect(passed(statuses)).toBe(LIMIT);
      await fallbackIs(1);
      // Whoever waits for Redis waits a second; a busy machine may keep one or two for as long.
      let waited = 0;
      for (let i = 0; i < 500; i++) {
        const since = performance.now();
        expect(passed(await ask(1, client))).toBe(0);
        if (performance.now() - since >= 950) waited++;
      }
      expect(waited).toBeLessThanOrEqual(2);
      expect(await metric('gleaner_throttle_local_decisions_total')).toBeGreaterThanOrEqual(500);
      await aLineSays('this process limits requests by itself');
      expect(linesSaying('this process limits requests by itself')).toBe(1);
    } finally {
      redis.thaw();
    }
    await fallbackIs(0);
    await aLineSays('limits are shared by all processes');
    expect(linesSaying('limits are shared by all processes')).toBe(1);
    // What was used up before the outage still is.
    expect(passed(await ask(5, before))).toBe(0);
    const after = newClient();
    await ask(1, after);
    expect(await isShared(after)).toBe(true);
  });
});

describe('when Redis is killed', () => {
  it('no request fails or is unlimited', async () => {
    const client = newClient();
    const asking = ask(3 * LIMIT, client);
    redis.kill();
    const statuses = [...(await asking), ...(await ask(3 * LIMIT, client))];
    expect(new Set(statuses)).toEqual(new Set([404, 429]));
    // Some may have been counted by Redis before it died, and that count is lost.
    expect(passed(statuses)).toBeGreaterThanOrEqual(LIMIT);
    expect(passed(statuses)).toBeLessThanOrEqual(2 * LIMIT);
    await fallbackIs(1);
    const other = newClient();
    expect(passed(await ask(2 * LIMIT, other))).toBe(LIMIT);
    expect(passed(await ask(10, other))).toBe(0);
  });

  it('and comes back, its buckets are used again', async () => {
    await redis.start();
    await fallbackIs(0);
    const client = newClient();
    expect(passed(await ask(2 * LIMIT, client))).toBe(LIMIT);
    expect(await isShared(client)).toBe(true);
  });
});

describe('when the connection to Redis vanishes without a word', () => {
  it('a new one is made, and limits are shared again', async () => {
    const way = await BlackHole.before(Number(new URL(redis.url).port));
    const through = new URL(redis.url);
    through.port = String(way.port);
    const app = await bootApp('api', { ...environment.env, REDIS_URL: through.href, LOG_LEVEL: 'fatal' });
    try {
      const fallback = async () =>
        /^gleaner_throttle_fallback (\d)$/m.exec(await (await fetch(`${app.url}/metrics`)).text())?.[1];
      expect(await fallback()).toBe('0');
      way.swallow();
      expect((await fetch(`${app.url}/nowhere`)).status).toBe(404);
      expect(await fallback()).toBe('1');
      await eventually(
        'a new connection',
        async () => ((await fallback()) === '0' ? true : undefined),
        40_000,
      );
    } finally {
      await app.close();
      await way.close();
    }
  });
});
