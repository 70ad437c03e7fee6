import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { bootApp, type TestApp } from '../support/test-app.js';
import { bearer, testKey } from '../support/test-key.js';

const LIMIT = 10;
const PERIOD_SECONDS = 4;

interface Entry {
  action: string;
  key_id: string | null;
  address: string | null;
  request_id: string | null;
  outcome: string;
  detail: string | null;
}

let environment: TestEnvironment;
let one: TestApp;
let other: TestApp;
let round = 0;

beforeAll(async () => {
  environment = await createEnvironment({
    AUTH_FAILURE_LIMIT: String(LIMIT),
    AUTH_FAILURE_PERIOD_SECONDS: String(PERIOD_SECONDS),
    TRUSTED_PROXIES: '127.0.0.0/8',
  });
  one = await bootApp('all', environment.env);
  other = await bootApp('api', environment.env);
});

/** An address that no test has used yet. */
let address: string;
beforeEach(() => {
  address = `203.0.113.${++round}`;
});

afterAll(async () => {
  await one?.close();
  await other?.close();
  await environment?.dispose();
});

/** A key that could be one. */
const guess = (index: number): string => `glnr_${String(index).padStart(12, '0')}_${'g'.repeat(43)}`;

const present = (app: TestApp, key: string, from = address) =>
  fetch(`${app.url}/api/v1/tags`, { headers: { authorization: `Bearer ${key}`, 'x-forwarded-for': from } });

const statusesOf = (answers: Response[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
};

const entries = (where: string, value: string): Promise<Entry[]> =>
  environment.query(`SELECT * FROM audit_entry WHERE ${where} = $1 ORDER BY id`, [value]);

describe('guessing', () => {
  it('gets exactly so many tries over all processes, also when all come at once; then 429', async () => {
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, index) => present(index % 2 ? one : other, guess(index))),
    );
    expect(statusesOf(answers)).toEqual({ 401: LIMIT, 429: 100 - LIMIT });
    const refused = answers.find(({ status }) => status === 429);
    const wait = Number(refused?.headers.get('retry-after'));
    expect(wait).toBeGreaterThan(0);
    expect(wait).toBeLessThanOrEqual(PERIOD_SECONDS);
    expect(await refused?.json()).toMatchObject({ code: 'auth.too_many_failures', status: 429 });
  });

  it('finds nothing any more then, not even what is right, and locks nobody else out', async () => {
    const guessing = Array.from({ length: LIMIT }, (_, index) => present(one, guess(index)));
    expect(statusesOf(await Promise.all(guessing))).toEqual({ 401: LIMIT });
    // Both processes have to be asked for a key that they have not seen good before.
    expect((await present(one, testKey('admin'))).status).toBe(429);
    expect((await present(other, testKey('admin'))).status).toBe(429);
    expect((await present(one, testKey('admin'), '198.51.100.7')).status).toBe(200);
    const open = await fetch(`${one.url}/api/v1/tags`, { headers: { 'x-forwarded-for': address } });
    expect(open.status).toBe(200);
  });

  it('is forgotten after the period', async () => {
    await Promise.all(Array.from({ length: LIMIT }, (_, index) => present(one, guess(index))));
    expect((await present(one, guess(99))).status).toBe(429);
    await eventually('another try', async () =>
      (await present(one, guess(98))).status === 401 ? true : undefined,
    );
  });

  it('does not trouble a client of the same address that was working already', async () => {
    expect((await present(one, testKey('viewer'))).status).toBe(200);
    await Promise.all(Array.from({ length: LIMIT + 5 }, (_, index) => present(one, guess(index))));
    expect((await present(one, testKey('viewer'))).status).toBe(200);
  });

  it('is what a good key never counts as, however many requests a client begins with', async () => {
    const answers = await Promise.all(Array.from({ length: 60 }, () => present(one, testKey('operator'))));
    expect(statusesOf(answers)).toEqual({ 200: 60 });
    expect((await present(one, guess(1))).status).toBe(401);
  });

  it('counts an IPv6 customer as one, whatever address they choose', async () => {
    const answers = await Promise.all(
      Array.from({ length: LIMIT * 3 }, (_, index) =>
        present(one, guess(index), `2001:db8:7:${round}::${index + 1}`),
      ),
    );
    expect(statusesOf(answers)).toEqual({ 401: LIMIT, 429: LIMIT * 2 });
  });
});

describe('the audit', () => {
  it('has who changed what, from where, by which request', async () => {
    const path = '/api/v1/sources/quotes/runs?';
    const answer = await fetch(one.url + path, {
      method: 'POST',
      headers: { ...bearer(), 'x-forwarded-for': address, 'x-request-id': `audit-${round}-done` },
    });
    expect(answer.status).toBe(202);
    // Written before the answer: there is nothing to wait for.
    expect(await entries('request_id', `audit-${round}-done`)).toMatchObject([
      {
        action: 'POST /api/v1/sources/quotes/runs',
        key_id: 'testoperat00',
        address,
        outcome: 'done',
        detail: 'status 202',
      },
    ]);
  });

  it('has who was not allowed to, and who failed', async () => {
    for (const [role, source, outcome] of [
      ['viewer', 'quotes', 'refused'],
      ['operator', 'nothing', 'failed'],
    ] as const) {
      const id = `audit-${round}-${role}`;
      await fetch(`${one.url}/api/v1/sources/${source}/runs`, {
        method: 'POST',
        headers: { ...bearer(role), 'x-request-id': id },
      });
      const [entry] = await eventually('the entry', async () => {
        const found = await entries('request_id', id);
        return found.length > 0 ? found : undefined;
      });
      expect(entry).toMatchObject({ action: `POST /api/v1/sources/${source}/runs`, outcome });
    }
  });

  it('has nothing of reading', async () => {
    await fetch(`${one.url}/api/v1/tags`, {
      headers: { ...bearer(), 'x-request-id': `audit-${round}-read` },
    });
    await fetch(`${one.url}/api/v1/sources/nothing/runs`, {
      method: 'POST',
      headers: { ...bearer(), 'x-request-id': `audit-${round}-after` },
    });
    await eventually('a later entry', async () => (await entries('request_id', `audit-${round}-after`))[0]);
    expect(await entries('request_id', `audit-${round}-read`)).toEqual([]);
  });

  it('is trimmed to what has to be kept, also when that is many batches', async () => {
    await environment.query(
      `INSERT INTO audit_entry (at, action, outcome)
       SELECT now() - make_interval(days => age), 'old ' || age, 'done'
       FROM generate_series(1, 12000) n, LATERAL (SELECT CASE WHEN n <= 2 THEN 90 - n ELSE 91 END AS age) a`,
    );
    const scheduler = await bootApp('scheduler', environment.env);
    try {
      const old = () =>
        environment.query(`SELECT DISTINCT action FROM audit_entry WHERE action LIKE 'old %' ORDER BY 1`);
      await eventually('the old ones to go', async () => ((await old()).length <= 2 ? true : undefined));
      expect(await old()).toEqual([{ action: 'old 88' }, { action: 'old 89' }]);
    } finally {
      await scheduler.close();
    }
  });

  it('has failed attempts, but no more of them than fit; the rest is counted', async () => {
    const fresh = await bootApp('api', environment.env);
    try {
      await environment.query('DELETE FROM audit_entry');
      const answers = await Promise.all(
        Array.from({ length: 200 }, (_, index) => present(fresh, guess(index), `198.51.${round}.${index}`)),
      );
      expect(statusesOf(answers)).toEqual({ 401: 200 });
      const written = async () => entries('action', 'auth.key');
      await eventually('the entries', async () => ((await written()).length >= 30 ? true : undefined));
      const metrics = await (await fetch(`${fresh.url}/metrics`)).text();
      const dropped = Number(/^gleaner_audit_entries_dropped_total (\d+)/m.exec(metrics)?.[1]);
      expect(metrics).toContain('gleaner_auth_failures_total{reason="unknown"} 200');
      const found = await written();
      expect(found.length + dropped).toBe(200);
      // 30 at once, and one each six seconds; the machine may be slow.
      expect(found.length).toBeLessThan(40);
      expect(found[0]).toMatchObject({
        key_id: expect.stringMatching(/^\d{12}$/) as string,
        outcome: 'refused',
        detail: 'unknown',
      });
      expect(JSON.stringify(found)).not.toContain('ggg');
    } finally {
      await fresh.close();
    }
  });
});
