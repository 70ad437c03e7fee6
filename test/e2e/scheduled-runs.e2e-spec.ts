import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RunDto } from '../../src/features/scraping/runs/run.dto.js';
import type { SourceDetailDto } from '../../src/features/sources/source.dto.js';
import type { ScheduleDto } from '../../src/platform/scheduling/schedules/schedule.dto.js';
import type { Overlap } from '../../src/platform/scheduling/schedules/schedule.entity.js';
import { Api } from '../support/api.js';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { GleanerProcess } from '../support/gleaner-process.js';
import { startScrapingApp } from '../support/scraping-app.js';
import { bootApp, type TestApp } from '../support/test-app.js';
import { bearer } from '../support/test-key.js';

const YEARLY = '0 0 1 1 *';

let environment: TestEnvironment;
let app: TestApp;
let api: Api;
let scheduler: GleanerProcess;

beforeAll(async () => {
  environment = await createEnvironment();
  app = await bootApp('api', environment.env);
  api = new Api(app.url);
  scheduler = GleanerProcess.spawn({ ...environment.env, MODE: 'scheduler', LOG_LEVEL: 'info' });
  await scheduler.listening();
});

beforeEach(async () => {
  await environment.query(`UPDATE run SET status = 'cancelled'`);
  await environment.query('DELETE FROM run');
});

afterAll(async () => {
  scheduler?.kill('SIGTERM');
  await scheduler?.exit();
  await app?.close();
  await environment?.dispose();
});

async function ask(
  method: string,
  path: string,
  body?: object,
): Promise<{ status: number; body: { code?: string } }> {
  const answer = await fetch(`${app.url}/api/v1/sources${path}`, {
    method,
    headers: { ...bearer('admin'), ...(body ? { 'content-type': 'application/json' } : {}) },
    body: body ? JSON.stringify(body) : null,
  });
  const text = await answer.text();
  return { status: answer.status, body: text === '' ? {} : (JSON.parse(text) as { code?: string }) };
}

const declaration = (slug: string, schedule?: object) => ({
  slug,
  name: 'Shop',
  startUrls: ['https://shop.example/'],
  extraction: { items: [{ selector: 'p', key: ['text'], fields: { text: {} } }] },
  ...(schedule ? { schedule } : {}),
});

const schedule = (slug: string): Promise<ScheduleDto> => api.get(`/api/v1/schedules/scrape:${slug}`);
const source = (slug: string): Promise<SourceDetailDto> => api.get(`/api/v1/sources/${slug}`);
const hasSchedule = async (slug: string): Promise<boolean> =>
  (await fetch(`${app.url}/api/v1/schedules/scrape:${slug}`)).status === 200;
const runs = (slug: string): Promise<RunDto[]> => api.all(`/api/v1/runs?source=${slug}`);

let minutes = 0;

/** Makes another slot due, and waits until the scheduler has asked about it. */
async function fire(slug: string): Promise<ScheduleDto> {
  const due = await environment.query<{ slot: Date }>(
    `UPDATE schedule SET next_run_at = now(), next_slot = '2026-01-01T00:00Z'::timestamptz + make_interval(mins => $2)
     WHERE name = $1 RETURNING next_slot AS slot`,
    [`scrape:${slug}`, minutes++],
  );
  expect(due).toHaveLength(1);
  return eventually('the slot to be dealt with', async () => {
    const state = await schedule(slug);
    return state.lastSlot === due[0]?.slot.toISOString() ? state : undefined;
  });
}

async function scheduled(slug: string, overlap: Overlap = 'skip'): Promise<void> {
  expect((await ask('POST', '', declaration(slug, { cron: YEARLY, overlap }))).status).toBe(201);
}

describe('the schedule of a source', () => {
  it('is declared with it, shown on it, and gone when it is declared anew without', async () => {
    const said = { cron: '0 3 * * *', timeZone: 'Europe/Berlin', overlap: 'queue' };
    await ask('POST', '', declaration('declared', said));
    const whole = { ...said, jitterSeconds: 0, enabled: true };
    expect((await source('declared')).schedule).toEqual(whole);
    expect(await schedule('declared')).toMatchObject({
      ...whole,
      target: 'scrape.source',
      nextRunAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT0[12]:00:00.000Z$/),
    });
    await ask('PUT', '/declared', declaration('declared'));
    expect((await source('declared')).schedule).toBeNull();
    expect(await hasSchedule('declared')).toBe(false);
  });

  it('can be put and deleted by itself, also where code declares the source', async () => {
    const put = await ask('PUT', '/quotes/schedule', { cron: YEARLY });
    expect(put).toMatchObject({
      status: 200,
      body: { name: 'scrape:quotes', cron: YEARLY, nextRunAt: expect.stringContaining('-01-01T00:00:00') },
    });
    expect((await source('quotes')).schedule).toMatchObject({ cron: YEARLY });
    // Code says nothing of it when the next process boots.
    const other = GleanerProcess.spawn({ ...environment.env, MODE: 'scheduler', LOG_LEVEL: 'info' });
    await other.listening();
    other.kill('SIGTERM');
    expect(await other.exit()).toBe(0);
    expect(await hasSchedule('quotes')).toBe(true);

    expect((await ask('DELETE', '/quotes/schedule')).status).toBe(204);
    expect((await source('quotes')).schedule).toBeNull();
    expect(await hasSchedule('quotes')).toBe(false);
    expect((await ask('PUT', '/nowhere/schedule', { cron: YEARLY })).status).toBe(404);
    expect((await ask('PUT', '/quotes/schedule', { cron: '0 25 * * *' })).body).toMatchObject({
      errors: [{ field: 'cron', message: expect.stringContaining('"hour" 0 to 23') }],
    });
  });

  it('rests while its source is switched off, and goes when that is deleted', async () => {
    await scheduled('resting');
    await ask('PATCH', '/resting', { enabled: false });
    expect(await schedule('resting')).toMatchObject({ enabled: false, nextRunAt: null });
    expect((await source('resting')).schedule).toMatchObject({ enabled: true });
    await ask('PATCH', '/resting', { enabled: true });
    expect(await schedule('resting')).toMatchObject({ enabled: true, nextRunAt: expect.any(String) });
    expect((await ask('DELETE', '/resting')).status).toBe(204);
    expect(await hasSchedule('resting')).toBe(false);
  });
});

describe('a slot', () => {
  it('starts a run, and the run has its task', async () => {
    await scheduled('started');
    expect(await fire('started')).toMatchObject({ lastOutcome: 'fired', nextRunAt: expect.any(String) });
    const [run] = await runs('started');
    expect(run).toMatchObject({ trigger: 'schedule', status: 'pending' });
    const redis = new Redis(environment.env.REDIS_URL!);
    // It is sent as soon as the slot's transaction has committed.
    const task = async (): Promise<string[]> =>
      redis.keys(`${environment.env.REDIS_PREFIX}*:default:run-${run?.id}`);
    await expect.poll(task, { timeout: 10_000 }).toHaveLength(1);
    redis.disconnect();
  });

  it('is skipped while an earlier run is under way', async () => {
    await scheduled('skipping', 'skip');
    await fire('skipping');
    expect(await fire('skipping')).toMatchObject({ lastOutcome: 'skipped' });
    expect(await runs('skipping')).toHaveLength(1);
  });

  it('waits for that run with the policy "queue"', async () => {
    await scheduled('queueing', 'queue');
    await fire('queueing');
    expect(await fire('queueing')).toMatchObject({
      lastOutcome: 'waiting',
      waitingSlot: expect.any(String),
    });
    const [first] = await runs('queueing');
    await api.post(`/api/v1/runs/${first?.id}/cancel`);
    await eventually('the slot that waited to fire', async () =>
      (await schedule('queueing')).lastOutcome === 'fired' ? true : undefined,
    );
    expect((await runs('queueing')).map(({ status }) => status)).toEqual(['pending', 'cancelled']);
  });

  it('takes the place of that run with the policy "replace"', async () => {
    await scheduled('replacing', 'replace');
    await fire('replacing');
    expect(await fire('replacing')).toMatchObject({ lastOutcome: 'replaced' });
    expect(await runs('replacing')).toMatchObject([
      { status: 'pending', trigger: 'schedule' },
      { status: 'cancelled', finishReason: 'cancelled' },
    ]);
  });

  it('is skipped when its source has just been switched off', async () => {
    await scheduled('off');
    await environment.query(`UPDATE source SET enabled = false WHERE slug = 'off'`);
    expect(await fire('off')).toMatchObject({ lastOutcome: 'skipped' });
    expect(await runs('off')).toEqual([]);
  });
});

describe('a source that is switched off', () => {
  it('is not scraped by whoever asks for it, either', async () => {
    await ask('POST', '', declaration('asleep'));
    await ask('PATCH', '/asleep', { enabled: false });
    expect(await ask('POST', '/asleep/runs')).toMatchObject({
      status: 409,
      body: { code: 'source.disabled' },
    });
    expect(await runs('asleep')).toEqual([]);
  });
});

describe('a source with a schedule', () => {
  it('is scraped again and again by itself, from within seconds after that was said', async () => {
    await app.close();
    await using scraping = await startScrapingApp();
    const answer = await fetch(`${scraping.app.url}/api/v1/sources/quotes/schedule`, {
      method: 'PUT',
      headers: { ...bearer('operator'), 'content-type': 'application/json' },
      body: JSON.stringify({ cron: '* * * * * *' }),
    });
    expect(answer.status).toBe(200);
    const done = await eventually('two runs to succeed', async () => {
      const all: RunDto[] = await scraping.api.all('/api/v1/runs?source=quotes&status=succeeded');
      return all.length >= 2 ? all : undefined;
    });
    for (const run of done) expect(run).toMatchObject({ trigger: 'schedule', finishReason: 'finished' });
    expect((await scraping.api.quotes()).items).not.toEqual([]);
  });
});
