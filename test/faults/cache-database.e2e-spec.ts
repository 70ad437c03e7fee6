import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, type Asked, metricOf } from '../support/asking.js';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { generateQuotes } from '../support/generated-quotes.js';
import { GleanerProcess } from '../support/gleaner-process.js';
import { OwnPostgres } from '../support/own-postgres.js';

const NO_LIMIT = '10000000/1000s,burst=10000000';
/** Milliseconds that a read waits for a silent database when it is known as it was. */
const PATIENCE_MS = 500;
const KNOWN = ['/api/v1/quotes?limit=20', '/api/v1/quotes/1', '/api/v1/tags?limit=10', '/api/v1/sources'];
const KNOWN_TO_ONE = '/api/v1/quotes/2';

let postgres: OwnPostgres;
let environment: TestEnvironment;
let processes: GleanerProcess[];
let one: string;
let other: string;

beforeAll(async () => {
  postgres = await OwnPostgres.provide('cache-postgres');
  environment = await createEnvironment({
    DATABASE_URL: postgres.url,
    // Everything is past its time at once, so that what is answered is answered for want of better.
    CACHE_TTL_MS: '50',
    CACHE_STALE_WHILE_REVALIDATE_MS: '0',
    CACHE_FETCH_PATIENCE_MS: String(PATIENCE_MS),
    THROTTLE_DEFAULT: NO_LIMIT,
    THROTTLE_SEARCH: NO_LIMIT,
    MODE: 'api',
    LOG_LEVEL: 'info',
  });
  const query: TestEnvironment['query'] = async (sql, values) => postgres.query(sql, values);
  await generateQuotes({ ...environment, query }, 300);
  processes = [1, 2].map(() => GleanerProcess.spawn(environment.env));
  [one = '', other = ''] = await Promise.all(processes.map((each) => each.listening()));
  for (const path of [...KNOWN, KNOWN_TO_ONE]) expect((await ask(one + path)).status).toBe(200);
  for (const path of KNOWN) expect((await ask(other + path)).status).toBe(200);
});

afterAll(async () => {
  for (const each of processes ?? []) {
    each.kill('SIGKILL');
    await each.exit();
  }
  await environment?.dispose();
  await postgres?.dispose();
});

/** Asks for everything that is known, for a while, of both processes. */
async function askForKnown(): Promise<Asked[]> {
  const answers: Asked[] = [];
  const until = performance.now() + 2500;
  while (performance.now() < until) {
    for (const url of [one, other])
      answers.push(...(await Promise.all(KNOWN.map(async (path) => ask(url + path)))));
    answers.push(await ask(other + KNOWN_TO_ONE));
  }
  return answers;
}

function expectServed(answers: readonly Asked[]): void {
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  expect(Math.max(...answers.map(({ ms }) => ms))).toBeLessThan(PATIENCE_MS + 2500);
  const quick = answers.filter(({ ms }) => ms < PATIENCE_MS / 2).length;
  expect(quick).toBeGreaterThan(answers.length / 2);
}

function expectRefused({ status, headers, body }: Asked): void {
  expect(status).toBe(503);
  expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
  expect(headers.get('cache-control')).toContain('no-store');
  expect(JSON.parse(body)).toMatchObject({ status: 503 });
}

async function expectFreshAgain(scrapedCount: number): Promise<void> {
  await postgres.query('UPDATE quote SET scraped_count = $1 WHERE id = 1', [scrapedCount]);
  for (const url of [one, other]) {
    await eventually('what has changed', async () => {
      const { body } = await ask(`${url}/api/v1/quotes/1`);
      return (JSON.parse(body) as { scrapedCount?: number }).scrapedCount === scrapedCount ? true : undefined;
    });
  }
}

describe('while PostgreSQL', () => {
  it('is stopped, what is known is answered by every process, the rest is 503, and all is well afterwards', async () => {
    await postgres.stop();
    expectServed(await askForKnown());
    expectRefused(await ask(`${one}/api/v1/quotes/299`));
    expect(await metricOf(one, 'gleaner_cache_requests_total', 'result="stale_if_error"')).toBeGreaterThan(5);
    await postgres.start();
    await expectFreshAgain(11);
  });

  it('hangs, what is known is answered in time, the rest is 503, and all is well afterwards', async () => {
    await postgres.freeze();
    try {
      expectServed(await askForKnown());
      expectRefused(await ask(`${one}/api/v1/quotes/298`));
    } finally {
      await postgres.thaw();
    }
    await expectFreshAgain(12);
  });
});
