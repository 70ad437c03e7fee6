import type { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { loadConfig } from '../../../core/config/index.js';
import {
  BlockedAddressError,
  ConnectionFailedError,
  DnsError,
  FetchTimeoutError,
  HttpStatusError,
  TlsError,
  TooManyRedirectsError,
} from '../fetching/fetch.errors.js';
import { fetchingConfig } from '../fetching/fetching.config.js';
import { type RobotsAnswer, type RobotsFetch, RobotsTxt } from './robots-txt.js';
import { RobotsDisallowedError, RobotsUnreachableError } from './robots.errors.js';
import { SharedRobots } from './shared-robots.js';

const PAGE = new URL('https://site.example/private/x');
const DISALLOWS = 'User-agent: *\nDisallow: /private\nCrawl-delay: 7\nSitemap: https://site.example/s.xml';
const DAY_MS = 86_400_000;

/** No Redis: what a process knows by itself. test/e2e/robots.e2e-spec.ts has the real one. */
const away = {
  getrange: async () => Promise.reject(new Error('away')),
  set: async () => Promise.reject(new Error('away')),
} as unknown as Redis;

let robots: RobotsTxt;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] });
  const config = loadConfig({ SCRAPE_USER_AGENT: 'Gleaner/0.1 (spec)' }, [fetchingConfig]).get(
    fetchingConfig,
  );
  robots = new RobotsTxt(config, new SharedRobots(away, { url: 'redis://nowhere', prefix: 'spec' }));
});
afterEach(() => void vi.useRealTimers());

const answering = (text: string, status = 200) => vi.fn(async (_url: URL) => ({ status, text }));
const failing = (error: unknown) => vi.fn<RobotsFetch>().mockRejectedValue(error);

let sites = 0;
/** A page of a site that nobody has asked for yet. */
const site = (): URL => new URL(`https://${++sites}.example/private`);

/** What `rulesFor` rejects with. */
const failureOf = async (rules: Promise<unknown>): Promise<unknown> =>
  rules.then(
    () => expect.unreachable('there are rules'),
    (error: unknown) => error,
  );

describe('the rules of a site', () => {
  it('are those of its robots.txt', async () => {
    const fetch = answering(DISALLOWS);
    const rules = await robots.rulesFor(PAGE, fetch);
    expect(fetch.mock.calls).toEqual([[new URL('https://site.example/robots.txt')]]);
    expect(rules.allows(PAGE)).toBe(false);
    expect(rules.allows(new URL('https://site.example/'))).toBe(true);
    expect(rules).toMatchObject({ crawlDelayMs: 7000, sitemaps: ['https://site.example/s.xml'] });
  });

  it('are asked for by the name of this crawler', async () => {
    const fetch = answering('User-agent: gleaner\nDisallow: /\nUser-agent: *\nAllow: /');
    expect((await robots.rulesFor(PAGE, fetch)).allows(PAGE)).toBe(false);
  });

  it('are those of the origin: another port or scheme has its own', async () => {
    await robots.rulesFor(PAGE, answering(DISALLOWS));
    for (const origin of ['http://site.example', 'https://site.example:8443', 'https://www.site.example'])
      expect((await robots.rulesFor(new URL(`${origin}/private`), answering(''))).allows(PAGE)).toBe(true);
  });

  it.each([400, 401, 403, 404, 410, 451])(
    'are none when it answers with %i, told or thrown',
    async (status) => {
      for (const fetch of [answering(DISALLOWS, status), failing(new HttpStatusError('', status))]) {
        const url = site();
        expect((await robots.rulesFor(url, fetch)).allows(url)).toBe(true);
      }
    },
  );

  it('are none when it is redirected on and on', async () => {
    const rules = await robots.rulesFor(PAGE, failing(new TooManyRedirectsError(PAGE.href, 5)));
    expect(rules.allows(PAGE)).toBe(true);
  });

  it('are kept for a day, absent ones as well', async () => {
    for (const fetch of [answering(DISALLOWS), answering('', 404)]) {
      const url = site();
      await robots.rulesFor(url, fetch);
      vi.setSystemTime(Date.now() + DAY_MS - 1);
      await robots.rulesFor(url, fetch);
      expect(fetch).toHaveBeenCalledTimes(1);
      vi.setSystemTime(Date.now() + 1);
      await robots.rulesFor(url, fetch);
      expect(fetch).toHaveBeenCalledTimes(2);
    }
  });

  it('are kept for 500 sites, those that were asked last', async () => {
    const fetch = answering(DISALLOWS);
    const ask = async (n: number) => robots.rulesFor(new URL(`https://${n}.example/`), fetch);
    for (let n = 0; n <= 500; n++) await ask(n);
    fetch.mockClear();
    await ask(500);
    await ask(1);
    expect(fetch).not.toHaveBeenCalled();
    await ask(0);
    expect(fetch).toHaveBeenCalledTimes(1);
  });

  it('are kept for fewer when they are many', async () => {
    const text = `User-agent: *\n${Array.from({ length: 20_000 }, (_, n) => `Disallow: /${n}`).join('\n')}`;
    const fetch = answering(text);
    for (let n = 0; n < 20; n++) await robots.rulesFor(new URL(`https://${n}.example/`), fetch);
    await robots.rulesFor(new URL('https://0.example/'), fetch);
    expect(fetch).toHaveBeenCalledTimes(21);
  });
});

describe('while the robots.txt of a site cannot be had', () => {
  it.each([
    ['500', answering('User-agent: *\nAllow: /', 500)],
    ['429', answering('', 429)],
    ['503, thrown', failing(new HttpStatusError(PAGE.href, 503))],
    ['501, thrown', failing(new HttpStatusError(PAGE.href, 501))],
    ['429, thrown', failing(new HttpStatusError(PAGE.href, 429))],
    ['a time-out', failing(new FetchTimeoutError(PAGE.href, 'headers', 1))],
    ['no address', failing(new DnsError('site.example'))],
    ['a reset', failing(new ConnectionFailedError(PAGE.href, 'reset'))],
  ])('for %s, nothing is allowed, and it is not asked for again at once', async (_, fetch) => {
    const error = await failureOf(robots.rulesFor(PAGE, fetch));
    expect(error).toBeInstanceOf(RobotsUnreachableError);
    expect(error).toMatchObject({
      code: 'robots.unreachable',
      retryable: true,
      hostFailure: false,
      retryAfterMs: 30_000,
    });
    vi.setSystemTime(Date.now() + 29_000);
    expect(await failureOf(robots.rulesFor(PAGE, fetch))).toMatchObject({ retryAfterMs: 1000 });
    expect(fetch).toHaveBeenCalledTimes(1);
    vi.setSystemTime(Date.now() + 1000);
    const back = answering(DISALLOWS);
    expect((await robots.rulesFor(PAGE, back)).allows(new URL('/', PAGE))).toBe(true);
  });

  it.each([
    ['blocked address', new BlockedAddressError('site.example', ['10.0.0.1'])],
    ['certificate', new TlsError(PAGE.origin, true, undefined)],
  ])(
    'for good (%s), that is what its pages fail with, and it is not asked for again at once',
    async (_, error) => {
      const fetch = failing(error);
      expect(await failureOf(robots.rulesFor(PAGE, fetch))).toBe(error);
      vi.setSystemTime(Date.now() + 29_000);
      expect(await failureOf(robots.rulesFor(PAGE, fetch))).toBe(error);
      expect(fetch).toHaveBeenCalledTimes(1);
      vi.setSystemTime(Date.now() + 1000);
      await robots.rulesFor(PAGE, answering(''));
    },
  );
});

describe('callers at the same time', () => {
  it('share one fetch for each origin', async () => {
    let finish: (answer: RobotsAnswer) => void = () => undefined;
    const fetch = vi.fn(async () => new Promise<RobotsAnswer>((resolve) => (finish = resolve)));
    const all = Array.from({ length: 20 }, async () => robots.rulesFor(PAGE, fetch));
    await vi.waitFor(() => expect(fetch).toHaveBeenCalled());
    finish({ status: 200, text: DISALLOWS });
    for (const rules of await Promise.all(all)) expect(rules.allows(PAGE)).toBe(false);
    expect(fetch).toHaveBeenCalledTimes(1);
  });

  it('also share that it cannot be had', async () => {
    const fetch = answering('', 503);
    const all = await Promise.allSettled(
      Array.from({ length: 20 }, async () => robots.rulesFor(PAGE, fetch)),
    );
    for (const each of all) expect(each).toMatchObject({ reason: { code: 'robots.unreachable' } });
    expect(fetch).toHaveBeenCalledTimes(1);
  });

  it('do not fail with the one who asks being stopped: another one asks', async () => {
    const stopped = new Error('this run is cancelled');
    const controller = new AbortController();
    const stoppable = vi.fn(
      async () =>
        new Promise<RobotsAnswer>((_, reject) => {
          controller.signal.addEventListener('abort', () => reject(stopped));
        }),
    );
    const fetch = answering(DISALLOWS);
    const first = failureOf(robots.rulesFor(PAGE, stoppable));
    const others = [robots.rulesFor(PAGE, fetch), robots.rulesFor(PAGE, fetch)];
    await vi.waitFor(() => expect(stoppable).toHaveBeenCalled());
    controller.abort();
    expect(await first).toBe(stopped);
    for (const rules of await Promise.all(others)) expect(rules.allows(PAGE)).toBe(false);
    expect(fetch).toHaveBeenCalledTimes(1);
  });
});

describe('a page that is disallowed', () => {
  it('is so for good, and nobody is to blame', () => {
    expect(new RobotsDisallowedError(PAGE.href)).toMatchObject({
      code: 'robots.disallowed',
      retryable: false,
      hostFailure: false,
      message: `${PAGE.href} is not fetched: the robots.txt of its site disallows it.`,
    });
  });
});
