import 'reflect-metadata';
import { type INestApplicationContext, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, inject, it, vi } from 'vitest';
import { ConfigModule, loadConfig } from '../../src/core/config/index.js';
import { RedisModule, SHARED_REDIS } from '../../src/core/redis/index.js';
import { HttpStatusError } from '../../src/features/scraping/fetching/fetch.errors.js';
import { type RobotsAnswer, RobotsTxt } from '../../src/features/scraping/robots/robots-txt.js';
import { RobotsModule } from '../../src/features/scraping/robots/robots.module.js';

const PAGE = new URL('https://site.example:8443/private/x');
const DISALLOWS = 'User-agent: *\nDisallow: /private\nCrawl-delay: 7\nSitemap: https://site.example/s.xml';

let redis: Redis;
let prefix: string;
let processes: INestApplicationContext[];

beforeEach(() => {
  redis = new Redis(inject('redisUrl'));
  prefix = `test-${randomUUID().slice(0, 8)}`;
  processes = [];
  vi.useFakeTimers({ toFake: ['Date'] });
});
afterEach(async () => {
  vi.useRealTimers();
  await Promise.all(processes.map((each) => each.close()));
  redis.disconnect();
});

/** What a worker knows: its own memory and connection, over the Redis that it shares with others. */
async function startProcess(env: Record<string, string> = {}): Promise<RobotsTxt> {
  const config = loadConfig({
    DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
    REDIS_URL: inject('redisUrl'),
    REDIS_PREFIX: prefix,
    ...env,
  });
  @Module({ imports: [ConfigModule.forRoot(config), RedisModule, RobotsModule] })
  class WorkerModule {}
  const context = await NestFactory.createApplicationContext(WorkerModule, {
    logger: false,
    abortOnError: false,
  });
  processes.push(context);
  return context.get(RobotsTxt, { strict: false });
}

const answering = (text: string, status = 200) =>
  vi.fn(async (_url: URL): Promise<RobotsAnswer> => ({ status, text }));
const later = (ms: number): void => void vi.setSystemTime(Date.now() + ms);
const KEY = (): string => `${prefix}:robots:${PAGE.origin}`;

describe('the rules of a site', () => {
  it('are fetched by one process for all, and kept in Redis for a day', async () => {
    const [one, other] = [await startProcess(), await startProcess()];
    const [fetch, never] = [answering(DISALLOWS), answering('')];
    await one.rulesFor(PAGE, fetch);
    const rules = await other.rulesFor(PAGE, never);
    expect(rules.allows(PAGE)).toBe(false);
    expect(rules).toMatchObject({ crawlDelayMs: 7000, sitemaps: ['https://site.example/s.xml'] });
    expect(never).not.toHaveBeenCalled();
    const ttl = await redis.pttl(KEY());
    expect(ttl).toBeGreaterThan(86_000_000);
    expect(ttl).toBeLessThanOrEqual(86_400_000);
  });

  it('are known to be absent in all processes, too', async () => {
    const [one, other] = [await startProcess(), await startProcess()];
    await one.rulesFor(PAGE, answering(DISALLOWS, 404));
    const never = answering(DISALLOWS);
    expect((await other.rulesFor(PAGE, never)).allows(PAGE)).toBe(true);
    expect(never).not.toHaveBeenCalled();
  });

  it('that cannot be had are not asked for by the other processes for a while', async () => {
    const [one, other] = [await startProcess(), await startProcess()];
    const fetch = vi.fn(async () => Promise.reject(new HttpStatusError(PAGE.href, 503)));
    for (const each of [one, other])
      await expect(each.rulesFor(PAGE, fetch)).rejects.toMatchObject({ code: 'robots.unreachable' });
    expect(fetch).toHaveBeenCalledTimes(1);
    expect(await redis.pttl(KEY())).toBeLessThanOrEqual(30_000);
    later(30_000);
    const back = answering('');
    expect((await other.rulesFor(PAGE, back)).allows(PAGE)).toBe(true);
    // And that it is back is known to the first one.
    expect((await one.rulesFor(PAGE, fetch)).allows(PAGE)).toBe(true);
    expect(fetch).toHaveBeenCalledTimes(1);
    expect(back).toHaveBeenCalledTimes(1);
  });

  it('are looked up in Redis again after a minute: what has changed or was deleted there is seen', async () => {
    const [one, other] = [await startProcess(), await startProcess()];
    await one.rulesFor(PAGE, answering(DISALLOWS));
    await redis.del(KEY());
    await other.rulesFor(PAGE, answering(''));
    const never = answering(DISALLOWS);
    later(59_000);
    expect((await one.rulesFor(PAGE, never)).allows(PAGE)).toBe(false);
    later(1000);
    expect((await one.rulesFor(PAGE, never)).allows(PAGE)).toBe(true);
    expect(never).not.toHaveBeenCalled();
    await redis.del(KEY());
    later(60_000);
    const anew = answering(DISALLOWS);
    expect((await one.rulesFor(PAGE, anew)).allows(PAGE)).toBe(false);
    expect(anew).toHaveBeenCalledTimes(1);
  });

  it('for another crawler are not taken for its own', async () => {
    const one = await startProcess({ SCRAPE_USER_AGENT: 'Other/1.0' });
    const two = await startProcess({ SCRAPE_USER_AGENT: 'Gleaner/1.0' });
    const text = 'User-agent: other\nAllow: /\nUser-agent: *\nDisallow: /';
    expect((await one.rulesFor(PAGE, answering(text))).allows(PAGE)).toBe(true);
    expect((await two.rulesFor(PAGE, answering(text))).allows(PAGE)).toBe(false);
  });

  it('are kept by the process alone when they are too many for Redis', async () => {
    const process = await startProcess();
    const text = `User-agent: *\n${Array.from({ length: 6000 }, (_, n) => `Disallow: /private/${n}`).join('\n')}`;
    const fetch = answering(text);
    await process.rulesFor(PAGE, fetch);
    later(3_600_000);
    await process.rulesFor(PAGE, fetch);
    expect(fetch).toHaveBeenCalledTimes(1);
    expect(await redis.exists(KEY())).toBe(0);
  });
});

describe('Redis', () => {
  it('may hold anything under our keys: it is fetched anew', async () => {
    const process = await startProcess();
    const good = `gleaner-robots-1 ${JSON.stringify(['gleaner', { file: { allow: [], disallow: ['/'], sitemaps: [] }, expiresAt: Date.now() + 1e6 }])}`;
    const spoilt = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 100 }).map((bytes) => Buffer.from(bytes)),
      fc.json().map((json) => Buffer.from(`gleaner-robots-1 ${json}`)),
      fc
        .json()
        .map((json) =>
          Buffer.from(`gleaner-robots-1 ["gleaner",{"file":${json},"expiresAt":${Date.now() + 1e6}}]`),
        ),
      fc.nat(good.length - 1).map((length) => Buffer.from(good.slice(0, length))),
      fc
        .constantFrom(
          good.replace('"/"', '7'),
          good.replace('"sitemaps":[]', '"sitemaps":["javascript:alert(1)"]'),
          good.replace('robots-1', 'robots-2'),
          good.replace('"/"', `"${'/'.repeat(70_000)}"`),
        )
        .map((text) => Buffer.from(text)),
    );
    let sites = 0;
    await fc.assert(
      fc.asyncProperty(spoilt, async (value) => {
        const page = new URL(`https://${++sites}.example/private`);
        await redis.set(`${prefix}:robots:${page.origin}`, value);
        const fetch = answering(DISALLOWS);
        expect(await process.rulesFor(page, fetch)).toMatchObject({ crawlDelayMs: 7000 });
        expect(fetch).toHaveBeenCalledTimes(1);
      }),
      { numRuns: 200 },
    );
    // The one that they were made of is believed.
    await redis.set(KEY(), good);
    expect((await process.rulesFor(PAGE, answering(''))).allows(PAGE)).toBe(false);
    await redis.hset(`${prefix}:robots:https://hash.example`, 'field', 'value');
    const fetch = answering(DISALLOWS);
    await process.rulesFor(new URL('https://hash.example/'), fetch);
    expect(fetch).toHaveBeenCalledTimes(1);
  });

  it('may be away: each process then asks by itself, and goes by what it knows', async () => {
    const process = await startProcess({ REDIS_URL: 'redis://127.0.0.1:1' });
    const fetch = answering(DISALLOWS);
    expect((await process.rulesFor(PAGE, fetch)).allows(PAGE)).toBe(false);
    later(86_399_999);
    expect((await process.rulesFor(PAGE, fetch)).allows(PAGE)).toBe(false);
    expect(fetch).toHaveBeenCalledTimes(1);
  });

  it('may go away: what was shared is believed for the rest of its day', async () => {
    const process = await startProcess();
    const fetch = answering(DISALLOWS);
    await process.rulesFor(PAGE, fetch);
    const client = processes[0]?.get<Redis>(SHARED_REDIS, { strict: false });
    client?.disconnect();
    for (const ms of [60_000, 60_000, 3_600_000]) {
      later(ms);
      expect((await process.rulesFor(PAGE, fetch)).allows(PAGE)).toBe(false);
    }
    expect(fetch).toHaveBeenCalledTimes(1);
  });
});
