import { afterEach, beforeEach, describe, expect, it, onTestFailed } from 'vitest';
import { type Site, startSite } from '../fixtures/site/index.ts';
import { Api } from '../support/api.js';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { GleanerProcess } from '../support/gleaner-process.js';
import { bootApp, type TestApp } from '../support/test-app.js';

let site: Site;
let environment: TestEnvironment;
let app: TestApp;
let api: Api;
let workers: GleanerProcess[];

beforeEach(async () => {
  site = await startSite({ log: true });
  environment = await createEnvironment({ QUOTES_START_URL: site.url, QUOTES_CONCURRENT_REQUESTS: '8' });
  app = await bootApp('api', environment.env);
  api = new Api(app.url);
  workers = [];
});

afterEach(async () => {
  for (const worker of workers) {
    worker.kill('SIGKILL');
    await worker.exit();
  }
  await app.close();
  await environment.dispose();
  await site.close();
});

async function startWorker(env: Record<string, string>): Promise<GleanerProcess> {
  const worker = GleanerProcess.spawn({ ...environment.env, LOG_LEVEL: 'info', MODE: 'worker', ...env });
  workers.push(worker);
  onTestFailed(() => console.log(worker.log));
  await worker.listening();
  return worker;
}

/** Waits until the run has ended so many requests. */
async function pagesDone(path: string, count: number): Promise<void> {
  await eventually(`${count} pages of ${path}`, async () => {
    const run = await api.run(path);
    return run.stats['scheduler/dequeued'] >= count ? true : undefined;
  });
}

/** Whatever happened: every item once, and counted once. */
async function expectEverythingOnce(): Promise<void> {
  const rows = await environment.query<{ scraped_count: number }>('SELECT scraped_count FROM quote');
  expect(rows).toHaveLength(100);
  expect(new Set(rows.map((row) => row.scraped_count))).toEqual(new Set([1]));
  const counts = await environment.query<{ count: number }>(
    'SELECT count(*)::int FROM author WHERE details_scraped IS NOT NULL',
  );
  expect(counts).toEqual([{ count: 50 }]);
}

describe('workers that are killed at random moments, again and again', () => {
  it('lose nothing and double nothing: others complete the run, and end it once', async () => {
    site.misbehave({ kind: 'delay', ms: 25, path: '.*' });
    const env = { SCRAPE_LEASE_MS: '1000' };
    const path = await api.startRun();
    await Promise.all([startWorker(env), startWorker(env)]);
    let kills = 0;
    // Each time after another number of pages, and whatever the worker is doing then.
    for (const pages of [2, 11, 24, 37, 48]) {
      await pagesDone(path, pages);
      const victim = workers.at(-1 - (kills % 2));
      victim?.kill('SIGKILL');
      await victim?.exit();
      kills++;
      await startWorker(env);
    }
    const run = await api.ended(path, 50_000);
    expect(run).toMatchObject({
      status: 'succeeded',
      finishReason: 'finished',
      failures: [],
      openRequests: 0,
    });
    expect(run.stats).toMatchObject({
      'downloader/response_count': 60,
      'scheduler/enqueued': 60,
      'scheduler/dequeued': 60,
      item_scraped_count: 150,
      'item/inserted': 150,
      'item/updated': 0,
      'item/unchanged': 0,
    });
    await expectEverythingOnce();
    const states = await environment.query('SELECT state, count(*)::int FROM run_request GROUP BY state');
    expect(states).toEqual([{ state: 'done', count: 60 }]);
    const ends = workers.flatMap(({ log }) => log.match(/"msg":"run succeeded"/g) ?? []);
    expect(ends.length).toBeLessThanOrEqual(1);
  });
});

describe('a worker that is frozen past its leases', () => {
  it('cannot write any more when it wakes up after another has gone on with them', async () => {
    site.misbehave({ kind: 'delay', ms: 60, path: '.*' });
    const env = { SCRAPE_LEASE_MS: '1000' };
    const path = await api.startRun();
    const frozen = await startWorker(env);
    await pagesDone(path, 3);
    frozen.kill('SIGSTOP');
    await startWorker(env);
    await api.ended(path, 50_000);
    frozen.kill('SIGCONT');
    // Its next run goes well: it lives on as a worker.
    site.clear();
    const next = await api.scrape();
    expect(next).toMatchObject({ status: 'succeeded' });
    const run = await api.run(path);
    expect(run.stats).toMatchObject({
      'scheduler/dequeued': 60,
      item_scraped_count: 150,
      'item/inserted': 150,
    });
    const counts = await environment.query('SELECT DISTINCT scraped_count FROM quote');
    expect(counts).toEqual([{ scraped_count: 2 }]);
  });
});

describe('a worker that is slow', () => {
  it('keeps its leases for as long as it lives', async () => {
    // Every page takes longer than a lease lasts.
    site.misbehave({ kind: 'delay', ms: 2500, path: '^/page/[2-4]/$' });
    const env = { SCRAPE_LEASE_MS: '1000' };
    await startWorker(env);
    await startWorker(env);
    const run = await api.scrape();
    expect(run.status).toBe('succeeded');
    for (const page of [2, 3, 4]) expect(site.count(`/page/${page}/`)).toBe(1);
    await expectEverythingOnce();
  });
});

describe('a worker that is told to end in the middle of a run', () => {
  it('gives its requests back, so that others go on at once', async () => {
    site.misbehave({ kind: 'delay', ms: 60, path: '.*' });
    // With such leases nobody would take the requests in time: only giving them back can help.
    const env = { SCRAPE_LEASE_MS: '600000' };
    const path = await api.startRun();
    const first = await startWorker(env);
    await pagesDone(path, 5);
    first.kill('SIGTERM');
    expect(await first.exit(), first.log).toBe(0);
    const left = await environment.query(`SELECT count(*)::int FROM run_request WHERE state = 'leased'`);
    expect(left).toEqual([{ count: 0 }]);
    expect((await api.run(path)).status).toBe('running');
    await startWorker(env);
    expect(await api.ended(path, 50_000)).toMatchObject({ status: 'succeeded', attempt: 1 });
    await expectEverythingOnce();
  });
});

describe('a run that is cancelled', () => {
  it('stops within two seconds, keeps what it has, and can be resumed', async () => {
    site.misbehave({ kind: 'hang', path: '^/page/[3-9]/$' });
    const path = await api.startRun();
    await Promise.all([startWorker({}), startWorker({})]);
    await eventually('a page that hangs', async () => (site.count('/page/3/') > 0 ? true : undefined));
    await pagesDone(path, 4);
    await api.post(`${path}/cancel`);
    // What was under way is cut off, and nothing more is asked.
    await eventually(
      'the site to be left alone',
      async () =>
        site.log().every(({ status, cutOff }) => status !== undefined || cutOff) ? true : undefined,
      2000,
    );
    const asked = site.log().length;
    const cancelled = await api.run(path);
    expect(cancelled).toMatchObject({ status: 'cancelled', finishReason: 'cancelled' });
    const kept = await environment.query<{ count: number }>('SELECT count(*)::int FROM quote');
    expect(kept[0]?.count).toBeGreaterThan(0);

    site.clear();
    await api.post(`${path}/resume`);
    const run = await api.ended(path);
    expect(run).toMatchObject({ status: 'succeeded', attempt: 2 });
    expect(site.log().length).toBeLessThan(asked + 90);
    await expectEverythingOnce();
  });
});

describe('pending runs that a crash has separated from their tasks', () => {
  const insertRun = (status: string) =>
    environment.query(
      `INSERT INTO run (id, source_id, trigger, status, stats, failures, updated_at)
       SELECT gen_random_uuid(), id, 'api', $1, (SELECT stats FROM run LIMIT 1), '[]', now() - interval '5 minutes' FROM source`,
      [status],
    );

  it('are given a task, or ended, by the scheduler', async () => {
    const worker = await startWorker({});
    const first = await api.scrape();
    expect(first.status).toBe('succeeded');
    await insertRun('pending');
    const all = await bootSchedulerProcess();
    const rescued = await eventually('the rescued run', async () =>
      (await api.all<{ id: string; status: string }>('/api/v1/runs')).find(
        (run) => run.id !== first.id && run.status === 'succeeded',
      ),
    );
    expect(rescued).toBeDefined();

    // A task that has ended without beginning its run: the run is ended, so that the next one can begin.
    await environment.query(
      `UPDATE run SET status = 'pending', finished_at = NULL, updated_at = now() - interval '5 minutes' WHERE id = $1`,
      [rescued.id],
    );
    all.kill('SIGTERM');
    expect(await all.exit()).toBe(0);
    await bootSchedulerProcess();
    await eventually('the run to be ended', async () =>
      (await api.run(`/api/v1/runs/${rescued.id}`)).status === 'failed' ? true : undefined,
    );
    expect((await api.scrape()).status).toBe('succeeded');
    worker.kill('SIGTERM');
  });

  async function bootSchedulerProcess(): Promise<GleanerProcess> {
    const scheduler = GleanerProcess.spawn({ ...environment.env, LOG_LEVEL: 'info', MODE: 'scheduler' });
    workers.push(scheduler);
    await scheduler.listening();
    return scheduler;
  }
});
