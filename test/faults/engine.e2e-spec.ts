import { afterEach, describe, expect, it, onTestFailed } from 'vitest';
import { type Site, type SiteOptions, startSite, type Visit } from '../fixtures/site/index.ts';
import { Api } from '../support/api.js';
import { type Declaration, everyLink } from '../support/declaration.js';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { GleanerProcess } from '../support/gleaner-process.js';
import { bootApp, type TestApp } from '../support/test-app.js';

let site: Site;
let environment: TestEnvironment;
let app: TestApp;
let api: Api;
let workers: GleanerProcess[] = [];

async function start(options: SiteOptions, count: number, env: Record<string, string> = {}): Promise<void> {
  site = await startSite({ ...options, log: true });
  environment = await createEnvironment({ SCRAPE_ALLOWED_PRIVATE_HOSTS: '127.0.0.0/8', ...env });
  app = await bootApp('api', environment.env);
  api = new Api(app.url);
  workers = Array.from({ length: count }, () =>
    GleanerProcess.spawn({ ...environment.env, LOG_LEVEL: 'info', MODE: 'worker' }),
  );
  onTestFailed(() => workers.forEach(({ log }) => console.log(log)));
  await Promise.all(workers.map((worker) => worker.listening(60_000)));
}

afterEach(async () => {
  for (const worker of workers) worker.kill('SIGKILL');
  await Promise.all(workers.map((worker) => worker.exit()));
  await app?.close();
  await environment?.dispose();
  await site?.close();
});

/** Declares sources, and has them scraped at once. */
async function crawl(...declarations: Declaration[]): Promise<void> {
  for (const declaration of declarations) await api.post('/api/v1/sources', declaration);
  const runs = await Promise.all(declarations.map(({ slug }) => api.startRun(slug)));
  for (const run of runs) expect(await api.ended(run, 60_000)).toMatchObject({ failures: [] });
}

/** A source that only has what it begins with. */
function listed(slug: string, urls: string[], politeness: Declaration['politeness']): Declaration {
  const declaration = everyLink(slug, urls[0]!, { startUrls: urls, politeness });
  declaration.extraction.follow = [];
  return declaration;
}

const pages = (url: string, from: number, count: number): string[] =>
  Array.from({ length: count }, (_, n) => `${url}/deep/${from + n}`);

describe('three workers at one host', () => {
  const RATE = 20;
  const BURST = 2;
  const COUNT = 200;

  it('never ask for more than its bucket allows', async () => {
    await start({ traps: true, hosts: 2 }, 3);
    const [paced = '', other = ''] = site.urls;
    // At another host first: who is still compiling sends what it may send too late.
    const quick = { downloadDelayMs: 5, burst: 2, concurrentRequests: 8, robotsTxt: false };
    await crawl(listed('warming', pages(other, 0, 600), quick));
    const politeness = {
      downloadDelayMs: 1000 / RATE,
      burst: BURST,
      concurrentRequests: 8,
      robotsTxt: false,
    };
    await crawl(listed('paced', pages(paced, 0, COUNT), politeness));

    const visits = site.log().filter(({ host }) => paced.endsWith(`//${host}`));
    const times = visits.map(({ at }) => at);
    expect(times).toHaveLength(COUNT);
    // Redis decides on the start; the site sees it later, by as much as the worker and the network are slow. One that
    // arrives late may so stand closer to the next, but never more than that: 100 ms are two starts of the bucket.
    const late = 0.1 * RATE;
    for (const [first, from] of times.entries()) {
      for (let last = first + 1; last < times.length; last++) {
        const allowed = BURST + ((times[last]! - from) / 1000) * RATE + late;
        expect(last - first + 1, `requests ${first} to ${last}`).toBeLessThanOrEqual(allowed);
      }
    }
  });
});

describe('a hot host', () => {
  const COLD = 50;

  it('does not starve cold ones, in its own run or beside it', async () => {
    await start({ traps: true, hosts: 2 * COLD + 1 }, 2, { SCRAPE_CONCURRENT_REQUESTS: '16' });
    const [hot = '', ...cold] = site.urls;
    const politeness = { downloadDelayMs: 20, burst: 1, concurrentRequests: 4, robotsTxt: false };
    const among = cold.slice(0, COLD).flatMap((url) => pages(url, 0, 2));
    const beside = cold.slice(COLD).flatMap((url) => pages(url, 0, 2));
    // What is cold stands at the end of the hot one's list.
    await crawl(
      listed('mixed', [...pages(hot, 0, 400), ...among], politeness),
      listed('beside', beside, politeness),
    );
    const log = site.log();
    const isHot = ({ host }: Visit): boolean => hot.endsWith(`//${host}`);
    const hotBefore = (index: number): number => log.slice(0, index).filter(isHot).length;
    const lastCold = log.findLastIndex((visit) => !isHot(visit));
    expect(log.filter(isHot)).toHaveLength(400);
    expect(log).toHaveLength(400 + 4 * COLD);
    // All 200 pages of cold hosts come while the hot one, which takes 8 seconds, is not half done.
    expect(hotBefore(lastCold)).toBeLessThan(200);
  });
});

describe('a worker', () => {
  const AT_ONCE = 5;

  it('has no more requests under way than it may, to all hosts together', async () => {
    await start({ traps: true, hosts: 200 }, 1, { SCRAPE_CONCURRENT_REQUESTS: String(AT_ONCE) });
    site.misbehave({ kind: 'delay', ms: 15, path: '.*' });
    const politeness = { downloadDelayMs: 0, burst: 1000, concurrentRequests: 4, robotsTxt: false };
    await crawl(
      listed(
        'wide',
        site.urls.flatMap((url) => pages(url, 0, 2)),
        politeness,
      ),
    );
    const log = site.log();
    expect(log).toHaveLength(400);
    expect(Math.max(...log.map(({ atOnceInAll }) => atOnceInAll))).toBe(AT_ONCE);
  });
});
