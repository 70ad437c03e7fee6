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
  site = await startSite();
  environment = await createEnvironment({ QUOTES_START_URL: site.url });
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

/** Waits until the run has been begun this many times and has fetched more pages than before. */
async function workingOn(path: string, attempt: number, fetched: number): Promise<void> {
  await eventually(`attempt ${attempt} to work`, async () => {
    const run = await api.run(path);
    return run.attempt >= attempt && run.stats['downloader/response_count'] > fetched ? true : undefined;
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

describe('a worker that dies', () => {
  it('loses its run to another one, which completes it; nothing is lost or doubled', async () => {
    site.misbehave({ kind: 'delay', ms: 60, path: '.*' });
    const env = { WORKER_LOCK_DURATION_MS: '1500' };
    const path = await api.startRun();
    for (const attempt of [1, 2, 3]) {
      const fetched = (await api.run(path)).stats['downloader/response_count'];
      const worker = await startWorker(env);
      await workingOn(path, attempt, fetched);
      worker.kill('SIGKILL');
      await worker.exit();
    }
    await startWorker(env);
    const run = await api.ended(path, 50_000);
    expect(run).toMatchObject({ status: 'succeeded', failures: [] });
    expect(run.attempt).toBeGreaterThanOrEqual(4);
    expect(run.stats).toMatchObject({
      item_scraped_count: 150,
      'item/inserted': 150,
      'item/updated': 0,
      'item/unchanged': 0,
    });
    await expectEverythingOnce();
  });
});

describe('a worker that is frozen past its lock', () => {
  it('cannot write any more when it wakes up after another has taken over', async () => {
    site.misbehave({ kind: 'delay', ms: 60, path: '.*' });
    const env = { WORKER_LOCK_DURATION_MS: '3000' };
    const path = await api.startRun();
    const frozen = await startWorker(env);
    await workingOn(path, 1, 0);
    frozen.kill('SIGSTOP');
    await startWorker(env);
    await workingOn(path, 2, 0);
    frozen.kill('SIGCONT');
    const run = await api.ended(path, 50_000);
    expect(run).toMatchObject({ status: 'succeeded', attempt: 2 });
    expect(run.stats).toMatchObject({ item_scraped_count: 150, 'item/inserted': 150 });
    await expectEverythingOnce();
    await eventually('the sleeper to notice', async () =>
      frozen.log.includes('could not be renewed') ? true : undefined,
    );
    // It lives on as a worker: its next run goes well.
    site.clear();
    expect(await api.scrape()).toMatchObject({ status: 'succeeded' });
  });
});

describe('a worker that is only slow', () => {
  it('keeps its run beyond the duration of the lock', async () => {
    site.misbehave({ kind: 'delay', ms: 100, path: '.*' });
    const env = { WORKER_LOCK_DURATION_MS: '2000', QUOTES_CONCURRENT_REQUESTS: '1' };
    await startWorker(env);
    await startWorker(env);
    const run = await api.scrape();
    // Sixty pages of a tenth of a second, three times the lock: without renewal the other worker would have begun too.
    expect(run).toMatchObject({ status: 'succeeded', attempt: 1 });
    await expectEverythingOnce();
  });
});

describe('a worker that is told to end in the middle of a run', () => {
  it('hands the run back to its queue at once, without spending an attempt', async () => {
    site.misbehave({ kind: 'delay', ms: 60, path: '.*' });
    // With such a lock nobody would find the task stalled in time: only handing it back can help.
    const env = { WORKER_LOCK_DURATION_MS: '600000', WORKER_DRAIN_TIMEOUT_MS: '0' };
    const path = await api.startRun();
    const first = await startWorker(env);
    await workingOn(path, 1, 0);
    first.kill('SIGTERM');
    expect(await first.exit(), first.log).toBe(0);
    expect(first.log).toContain('task handed back');
    expect((await api.run(path)).status).toBe('running');
    const second = await startWorker(env);
    expect(await api.ended(path, 50_000)).toMatchObject({ status: 'succeeded', attempt: 2 });
    // Bull counts attempts of the task by itself: this was still the first.
    // Lines are written in blocks, so this one comes a little later.
    await second.until('its success is written', async () =>
      /"attempt":1[^\n]*"msg":"task succeeded"/.test(second.log) ? true : undefined,
    );
    await expectEverythingOnce();
  });
});

describe('runs that a crash has separated from their tasks', () => {
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

    // A task that has ended without ending its run: the run is ended, so that the next one can begin.
    await environment.query(
      `UPDATE run SET status = 'running', finished_at = NULL, updated_at = now() - interval '5 minutes' WHERE id = $1`,
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
