import 'reflect-metadata';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { done, ended, OTHER_TOKEN, requests, requestTo, RunFixture, TOKEN } from '../support/run-fixture.js';

let environment: TestEnvironment;
let runs: RunFixture;

beforeAll(async () => {
  environment = await createEnvironment();
  runs = await RunFixture.create(environment);
});

beforeEach(async () => runs.declareSource());

afterAll(async () => {
  await runs?.dispose();
  await environment?.dispose();
});

const expire = () =>
  environment.query(`UPDATE run_request SET leased_until = now() - interval '1 s' WHERE state = 'leased'`);

const urlsOf = (leased: readonly { url: string }[]) => leased.map(({ url }) => url);

describe('the frontier of a run', () => {
  it('has every URL once, however often it is found', async () => {
    const run = await runs.begin([...requests(3), requestTo('3')]);
    const [first] = await runs.claim(run, { atMost: 1 });
    await runs.commit(run, [done(first!, [], [requestTo('1'), requestTo('4'), requestTo('4')])]);
    expect(await runs.states(run)).toEqual({ done: 1, pending: 4 });
    expect((await runs.row(run)).stats).toMatchObject({ 'dupefilter/filtered': 2, 'scheduler/enqueued': 5 });
  });

  it('is leased in the order in which it was found', async () => {
    const run = await runs.begin(requests(2));
    const [first] = await runs.claim(run, { atMost: 1 });
    await runs.commit(run, [done(first!, [], [requestTo('z'), requestTo('b')])]);
    const rest = await runs.claim(run);
    expect(urlsOf(rest)[0]).toBe('http://a.example/1');
    expect(rest).toHaveLength(3);
  });

  it('gives each request to one worker, however many ask at once', async () => {
    const run = await runs.begin(requests(200));
    const claims = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        runs.claim(run, { atMost: 15, token: n % 2 ? TOKEN : OTHER_TOKEN }),
      ),
    );
    const urls = claims.flatMap(urlsOf);
    expect(urls).toHaveLength(200);
    expect(new Set(urls).size).toBe(200);
  });

  it('never leases more pages than the source allows, however many ask at once', async () => {
    await runs.declareSource({ maxPages: 37 });
    const run = await runs.begin(requests(200));
    const claims = await Promise.all(Array.from({ length: 12 }, () => runs.claim(run, { atMost: 10 })));
    expect(claims.flat()).toHaveLength(37);
    expect((await runs.row(run)).pagesLeft).toBe(0);
  });

  it('gives back to the number of pages what did not become one', async () => {
    await runs.declareSource({ maxPages: 3 });
    const run = await runs.begin(requests(10));
    const [a, b, c] = await runs.claim(run);
    await runs.commit(run, [
      done(a!),
      ended(b!, { state: 'failed', code: 'fetch.status', message: 'no' }),
      ended(c!, { state: 'returned' }),
    ]);
    expect(await runs.claim(run)).toHaveLength(2);
  });

  it('serves every host, although one has nearly everything', async () => {
    const cold = Array.from({ length: 50 }, (_, n) => requestTo('x', `cold-${n}.example`));
    const run = await runs.begin([...requests(1000, 'hot.example'), ...cold]);
    const leased = await runs.claim(run, { atMost: 60, perHost: 8 });
    expect(new Set(leased.map(({ host }) => host)).size).toBe(51);
    expect(leased.filter(({ host }) => host === 'hot.example')).toHaveLength(8);
  });

  it('goes on with the host after the one that was served last', async () => {
    const hosts = ['a', 'b', 'c', 'd'].map((name) => `${name}.example`);
    const run = await runs.begin(hosts.flatMap((host) => requests(2, host)));
    const served = async (after: string) =>
      (await runs.claim(run, { atMost: 2, perHost: 1, after })).map(({ host }) => host);
    expect((await served('b.example')).sort()).toEqual(['c.example', 'd.example']);
    expect((await served('d.example')).sort()).toEqual(['a.example', 'b.example']);
  });

  it('leaves out hosts of which nothing is wanted', async () => {
    const run = await runs.begin([...requests(2, 'a.example'), ...requests(2, 'b.example')]);
    const leased = await runs.claim(run, { except: ['a.example'] });
    expect(leased.map(({ host }) => host)).toEqual(['b.example', 'b.example']);
  });

  it('holds back what is to be tried again later', async () => {
    const run = await runs.begin(requests(2));
    const [first, second] = await runs.claim(run);
    await runs.commit(run, [
      ended(first!, { state: 'retried', inMs: 3_600_000 }),
      ended(second!, { state: 'retried', inMs: 0 }),
    ]);
    const again = await runs.claim(run);
    expect(again).toMatchObject([{ url: second?.url, tries: 1 }]);
  });

  it('tells with a request what is known of its page', async () => {
    const told = {
      url: 'http://a.example/0',
      etag: '"1"',
      lastModified: null,
      version: '1',
    };
    const run = await runs.begin(requests(1));
    const [leased] = await runs.claim(run);
    expect(leased?.page).toBeNull();
    await runs.commit(run, [
      done(leased!, ['known'], [], { page: { itemCount: 1, ...told, outputs: '{}' } }),
    ]);
    const next = await runs.begin(requests(1));
    expect((await runs.claim(next))[0]?.page).toEqual({ itemCount: 1, ...told });
  });
});

describe('a lease', () => {
  it('that has run out is taken by another worker, and counts as one page still', async () => {
    await runs.declareSource({ maxPages: 2 });
    const run = await runs.begin(requests(2));
    const lost = await runs.claim(run);
    expect(await runs.claim(run, { token: OTHER_TOKEN })).toEqual([]);
    await expire();
    const taken = await runs.claim(run, { token: OTHER_TOKEN });
    expect(urlsOf(taken)).toEqual(urlsOf(lost));
    expect((await runs.row(run)).pagesLeft).toBe(0);
  });

  it('lasts longer when it is extended, and only for whoever has it', async () => {
    const run = await runs.begin(requests(1));
    await runs.claim(run);
    await expire();
    await runs.frontier.extend(run, OTHER_TOKEN);
    await runs.frontier.extend(run, TOKEN);
    expect(await runs.claim(run, { token: OTHER_TOKEN })).toEqual([]);
    await expire();
    await runs.frontier.extend(run, OTHER_TOKEN);
    expect(await runs.claim(run, { token: OTHER_TOKEN })).toHaveLength(1);
  });
});

describe('a run that is over', () => {
  const wanted = { token: TOKEN, atMost: 1, perHost: 1, except: [], after: '' };

  it('leases nothing: when it was cancelled, or resumed by another attempt', async () => {
    const run = await runs.begin(requests(2));
    await runs.control.cancel(run.id);
    expect(await runs.frontier.claim(run, wanted)).toBe('over');
    await runs.control.resume(run.id);
    expect(await runs.frontier.claim(run, wanted)).toBe('over');
    expect(await runs.frontier.claim({ ...run, attempt: 2 }, wanted)).toMatchObject({ requests: [{}] });
  });

  it('leases nothing when its time is up', async () => {
    await runs.declareSource({ maxDurationSeconds: 5 });
    const run = await runs.begin(requests(2));
    expect(await runs.frontier.claim(run, wanted)).toMatchObject({ requests: [{}] });
    await environment.query(`UPDATE run SET active_since = now() - interval '6 s' WHERE id = $1`, [run.id]);
    expect(await runs.frontier.claim(run, wanted)).toBe('late');
  });
});

describe('a big frontier', () => {
  it('is leased by indexes, whatever waits in it', async () => {
    const run = await runs.begin(requests(1));
    await environment.query(
      `INSERT INTO run_request (run_id, fingerprint, url, host, callback, depth)
       SELECT $1, decode(md5(n::text), 'hex'), 'http://x/' || n, 'host-' || n % 20, 'page', 1 FROM generate_series(1, 100000) n`,
      [run.id],
    );
    await environment.query('ANALYZE run_request');
    // Connections tell their counts late, but always when they end: those of before must be in, and those of after, too.
    await reconnect();
    await environment.query('SELECT pg_stat_force_next_flush()');
    await environment.query('SELECT pg_stat_reset()');
    expect(await runs.claim(run, { atMost: 100, perHost: 5 })).toHaveLength(100);
    await reconnect();
    const [read] = await environment.query<{ seq: number; rows: number }>(
      `SELECT seq_tup_read::int AS seq, idx_tup_fetch::int AS rows FROM pg_stat_user_tables WHERE relname = 'run_request'`,
    );
    expect(read?.seq).toBe(0);
    expect(read?.rows).toBeGreaterThan(0);
    expect(read?.rows).toBeLessThan(1000);
  });

  async function reconnect(): Promise<void> {
    const { source } = runs;
    await runs.dispose();
    await eventually('the connections to end', async () => {
      const others = await environment.query(
        `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
           AND backend_type = 'client backend'`,
      );
      return others.length === 0 ? true : undefined;
    });
    runs = await RunFixture.create(environment);
    runs.source = source;
  }
});
