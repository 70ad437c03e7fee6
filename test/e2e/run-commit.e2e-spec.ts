import 'reflect-metadata';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import {
  done,
  ended,
  OTHER_TOKEN,
  requests,
  requestTo,
  RunFixture,
  storing,
  TOKEN,
} from '../support/run-fixture.js';

let environment: TestEnvironment;
let runs: RunFixture;

beforeAll(async () => {
  environment = await createEnvironment();
  runs = await RunFixture.create(environment);
});

beforeEach(async () => {
  await environment.query('DELETE FROM tag');
  await runs.declareSource();
});

afterAll(async () => {
  await runs?.dispose();
  await environment?.dispose();
});

const expire = () =>
  environment.query(`UPDATE run_request SET leased_until = now() - interval '1 s' WHERE state = 'leased'`);
const stored = async () =>
  (await environment.query<{ name: string }>('SELECT name FROM tag ORDER BY name')).map(({ name }) => name);
/** What the run's row says is open must be what is open. */
async function expectTrueCount(run: { id: string; attempt: number }): Promise<void> {
  const { pending = 0, leased = 0 } = await runs.states(run);
  expect((await runs.row(run)).openRequests).toBe(pending + leased);
}

describe('a commit', () => {
  it('ends requests, stores what they gave, adds what they found, and counts all of it', async () => {
    const run = await runs.begin(requests(4));
    const [a, b, c] = await runs.claim(run, { atMost: 3 });
    await runs.commit(run, [
      done(a!, ['one', 'two'], [requestTo('new'), requestTo('0')]),
      done(b!, ['three'], [requestTo('new')]),
      ended(c!, { state: 'failed', code: 'fetch.status', message: 'status 404' }),
    ]);
    expect(await stored()).toEqual(['one', 'three', 'two']);
    expect(await runs.states(run)).toEqual({ done: 2, failed: 1, pending: 2 });
    expect(await runs.row(run)).toMatchObject({
      status: 'running',
      openRequests: 2,
      failures: [{ url: c?.url, code: 'fetch.status', message: 'status 404' }],
      fields: { item: 3 },
      stats: {
        'downloader/response_count': 2,
        item_scraped_count: 3,
        'item/inserted': 3,
        'dupefilter/filtered': 2,
        'scheduler/enqueued': 5,
        'scheduler/dequeued': 3,
        'retry/max_reached': 1,
      },
    });
    await expectTrueCount(run);
  });

  it('of requests whose lease another worker has taken stores and counts nothing of them', async () => {
    const run = await runs.begin(requests(3));
    const [a, b] = await runs.claim(run, { atMost: 2 });
    await expire();
    const [taken] = await runs.claim(run, { token: OTHER_TOKEN, atMost: 1 });
    expect(taken?.url).toBe(a?.url);
    await runs.commit(run, [
      done(a!, ['from the dead'], [requestTo('ghost')]),
      done(b!, ['from the living']),
    ]);
    expect(await stored()).toEqual(['from the living']);
    expect((await runs.row(run)).stats).toMatchObject({ 'scheduler/enqueued': 3, 'scheduler/dequeued': 1 });
    await runs.commit(run, [done(taken!, ['from its heir'])], OTHER_TOKEN);
    expect(await stored()).toEqual(['from its heir', 'from the living']);
    await expectTrueCount(run);
  });

  it('that is repeated because nobody knows whether it was done counts once', async () => {
    const run = await runs.begin(requests(3));
    const [a, b] = await runs.claim(run, { atMost: 2 });
    const batch = [done(a!, ['one'], [requestTo('new')]), done(b!, ['two'])];
    await runs.commit(run, batch);
    const before = await runs.row(run);
    await runs.commit(run, batch);
    const after = await runs.row(run);
    expect(Object.assign(after, { updatedAt: before.updatedAt })).toEqual(before);
    await expectTrueCount(run);
  });

  it('stores nothing at all when part of it cannot be stored', async () => {
    const run = await runs.begin(requests(2));
    const [a] = await runs.claim(run, { atMost: 1 });
    const broken = storing(async (manager) => {
      await manager.query(`INSERT INTO tag (name) VALUES ('half')`);
      throw new Error('broken');
    });
    await expect(runs.commit(run, [done(a!, ['x'], [requestTo('new')])], TOKEN, broken)).rejects.toThrow(
      'broken',
    );
    expect(await stored()).toEqual([]);
    expect(await runs.states(run)).toEqual({ leased: 1, pending: 1 });
  });

  it('keeps the first hundred failures in the row, and all in the frontier', async () => {
    const run = await runs.begin(requests(150));
    for (let batch = 0; batch < 2; batch++) {
      const leased = await runs.claim(run, { atMost: 75 });
      const end = { state: 'failed', code: 'fetch.status', message: String(batch) } as const;
      await runs.commit(
        run,
        leased.map((request) => ended(request, end)),
      );
    }
    const kept = (await runs.row(run)).failures.map(({ message }) => message);
    expect(kept).toEqual([...Array<string>(75).fill('0'), ...Array<string>(25).fill('1')]);
    expect(await runs.states(run)).toEqual({ failed: 150 });
  });

  it('adds counts that several workers commit at once', async () => {
    const run = await runs.begin(requests(401));
    const parts = await Promise.all(
      Array.from({ length: 8 }, (_, n) => runs.claim(run, { atMost: 50, token: tokenOf(n) })),
    );
    await Promise.all(
      parts.map((part, n) =>
        runs.commit(
          run,
          part.map((request) => done(request, [request.url], [requestTo('shared'), requestTo(`own-${n}`)])),
          tokenOf(n),
        ),
      ),
    );
    expect((await runs.row(run)).stats).toMatchObject({
      'downloader/response_count': 400,
      item_scraped_count: 400,
      'scheduler/enqueued': 401 + 9,
      'dupefilter/filtered': 800 - 9,
    });
    await expectTrueCount(run);
  });

  const tokenOf = (n: number): string => `00000000-0000-4000-8000-1${String(n).padStart(11, '0')}`;

  it('that is the last ends the run, exactly once however many come at the same moment', async () => {
    for (let round = 0; round < 15; round++) {
      await runs.declareSource();
      const run = await runs.begin(requests(4));
      const leased = await runs.claim(run);
      const results = await Promise.all(
        leased.map((request) => runs.commit(run, [done(request, [`${round} ${request.url}`])])),
      );
      expect(results.filter(({ isLast }) => isLast)).toHaveLength(1);
      expect(runs.ended.filter(({ runId }) => runId === run.id)).toHaveLength(1);
      expect(await runs.row(run)).toMatchObject({
        status: 'succeeded',
        finishReason: 'finished',
        openRequests: 0,
      });
    }
  });

  it('for a run that was cancelled meanwhile stores nothing', async () => {
    const run = await runs.begin(requests(2));
    const [a, b] = await runs.claim(run);
    await runs.commit(run, [done(a!, ['kept'])]);
    await runs.control.cancel(run.id);
    await expect(runs.commit(run, [done(b!, ['too late'])])).rejects.toMatchObject({ code: 'run.over' });
    expect(await stored()).toEqual(['kept']);
    expect(await runs.row(run)).toMatchObject({ status: 'cancelled', finishReason: 'cancelled' });
  });
});

describe('the limits of a source', () => {
  const pages = async (limits: object, end: (n: number) => 'page' | 'failure' = () => 'page') => {
    await runs.declareSource(limits);
    const run = await runs.begin(requests(20));
    for (let n = 0; n < 20; n++) {
      const [request] = await runs.claim(run, { atMost: 1 });
      const outcome =
        end(n) === 'page'
          ? done(request!, [`item ${n}`])
          : ended(request!, { state: 'failed', code: 'x', message: 'no' });
      if ((await runs.commit(run, [outcome])).isLast) break;
    }
    return runs.row(run);
  };

  it.each([
    ['pages', { maxPages: 4 }, 'succeeded', 'closespider_pagecount', { 'downloader/response_count': 4 }],
    ['items', { maxItems: 3 }, 'succeeded', 'closespider_itemcount', { item_scraped_count: 3 }],
  ])('end a run after so many %s', async (_, limits, status, finishReason, stats) => {
    expect(await pages(limits)).toMatchObject({ status, finishReason, stats });
  });

  it('count pages that came: what failed or is to be tried again makes room for others', async () => {
    await runs.declareSource({ maxPages: 3 });
    const run = await runs.begin(requests(6));
    const [one, two, three] = await runs.claim(run);
    expect(await runs.claim(run)).toEqual([]);
    await runs.commit(run, [
      done(one!),
      ended(two!, { state: 'failed', code: 'x', message: 'x' }),
      ended(three!, { state: 'retried', inMs: 3_600_000 }),
    ]);
    expect(await runs.claim(run)).toHaveLength(2);
  });

  it('end a run after so many errors, as a failure', async () => {
    const row = await pages({ maxErrors: 2 }, (n) => (n % 2 === 0 ? 'page' : 'failure'));
    expect(row).toMatchObject({
      status: 'failed',
      finishReason: 'closespider_errorcount',
      stats: { 'retry/max_reached': 2 },
    });
  });

  it('end a run whose time is up: as it was wanted, or because its host was down', async () => {
    const run = await runs.begin(requests(2));
    const [a] = await runs.claim(run, { atMost: 1 });
    await runs.commit(run, [done(a!, ['one'])]);
    await runs.progress.expire(run);
    expect(await runs.row(run)).toMatchObject({ status: 'succeeded', finishReason: 'closespider_timeout' });

    await runs.declareSource();
    const other = await runs.begin(requests(2));
    await runs.progress.postpone(other, new Date(Date.now() + 60_000), 'circuit_open');
    await runs.progress.expire(other);
    await runs.progress.expire(other);
    expect(await runs.row(other)).toMatchObject({
      status: 'failed',
      finishReason: 'circuit_open',
      postponedUntil: null,
    });
    expect(runs.ended.filter(({ runId }) => runId === other.id)).toHaveLength(1);
  });
});

describe('a run that waits for its host', () => {
  it('says until when and why, until something is leased again', async () => {
    const until = new Date(Date.now() + 60_000);
    const run = await runs.begin(requests(2));
    await runs.progress.postpone(run, until, 'retry_after');
    expect(await runs.row(run)).toMatchObject({ postponedUntil: until, postponedReason: 'retry_after' });
    await runs.claim(run, { atMost: 1 });
    expect(await runs.row(run)).toMatchObject({ postponedUntil: null, postponedReason: null });
  });
});

describe('a run that ended before it was done', () => {
  async function cancelledHalfway() {
    const run = await runs.begin(requests(6));
    const [a, b, c, d] = await runs.claim(run, { atMost: 4 });
    await runs.commit(run, [
      done(a!, ['a']),
      ended(b!, { state: 'retried', inMs: 3_600_000 }),
      ended(c!, { state: 'failed', code: 'fetch.status', message: '404' }),
    ]);
    await runs.control.cancel(run.id);
    return { run, leased: d! };
  }

  it('can be resumed from its frontier, once, and then goes on to its end', async () => {
    const { run, leased } = await cancelledHalfway();
    await runs.control.resume(run.id);
    await expect(runs.control.resume(run.id)).rejects.toMatchObject({ code: 'run.still_active' });
    const again = { ...run, attempt: 2 };
    expect(await runs.row(run)).toMatchObject({ status: 'running', finishReason: null, openRequests: 4 });
    // Whoever held a lease before does not hold it any more.
    await expect(runs.commit(run, [done(leased, ['late'])])).rejects.toMatchObject({ code: 'run.over' });
    const rest = await runs.claim(again);
    expect(rest).toHaveLength(4);
    await runs.commit(
      again,
      rest.map((request) => done(request, [request.url])),
    );
    expect(await runs.row(run)).toMatchObject({
      status: 'succeeded',
      stats: { 'downloader/response_count': 5, 'retry/max_reached': 1 },
    });
  });

  it('tries again what had failed in passing, and not what had failed for good', async () => {
    const run = await runs.begin(requests(2));
    const [a, b] = await runs.claim(run);
    await runs.commit(run, [ended(a!, { state: 'retried', inMs: 0 })]);
    const [retried] = await runs.claim(run);
    const failed = { state: 'failed', code: 'fetch.timeout', message: 'late' } as const;
    await runs.commit(run, [ended(retried!, failed), ended(b!, { ...failed, code: 'fetch.status' })]);
    expect((await runs.row(run)).status).toBe('failed');
    await runs.control.resume(run.id);
    const rest = await runs.claim({ ...run, attempt: 2 });
    expect(rest.map(({ url, tries }) => ({ url, tries }))).toEqual([{ url: a?.url, tries: 0 }]);
  });

  it('cannot be resumed while another run of its source is under way', async () => {
    const { run } = await cancelledHalfway();
    await runs.begin(requests(1));
    await expect(runs.control.resume(run.id)).rejects.toMatchObject({ code: 'run.already_active' });
  });

  it('cannot be resumed when nothing is left, or the source allows no more', async () => {
    const run = await runs.begin(requests(1));
    const [a] = await runs.claim(run);
    await runs.commit(run, [done(a!, ['a'])]);
    await expect(runs.control.resume(run.id)).rejects.toMatchObject({ code: 'run.nothing_to_resume' });

    await runs.declareSource({ maxPages: 1 });
    const bounded = await runs.begin(requests(2));
    const [first] = await runs.claim(bounded);
    await runs.commit(bounded, [done(first!, ['b'])]);
    await expect(runs.control.resume(bounded.id)).rejects.toMatchObject({ code: 'run.nothing_to_resume' });
    await environment.query(`UPDATE source SET limits = '{"maxPages": 2}' WHERE id = $1`, [runs.source.id]);
    await runs.control.resume(bounded.id);
    expect(await runs.claim({ ...bounded, attempt: 2 })).toHaveLength(1);
  });

  it('cannot be cancelled a second time', async () => {
    const { run } = await cancelledHalfway();
    await expect(runs.control.cancel(run.id)).rejects.toMatchObject({ code: 'run.not_active' });
    await expect(runs.control.cancel('00000000-0000-4000-8000-00000000dead')).rejects.toMatchObject({
      code: 'not_found',
    });
  });
});
