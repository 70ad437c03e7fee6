import 'reflect-metadata';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDataSource } from '../../src/app/data-source.js';
import { loadConfig } from '../../src/core/config/index.js';
import { databaseConfig, DatabaseUnavailableError } from '../../src/core/database/index.js';
import { ask as askFor, metricOf } from '../support/asking.js';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { OwnPostgres } from '../support/own-postgres.js';
import { bootApp, type TestApp } from '../support/test-app.js';

let postgres: OwnPostgres;
let environment: TestEnvironment;
let app: TestApp;

beforeAll(async () => {
  postgres = await OwnPostgres.provide('faulty-postgres');
  environment = await createEnvironment({
    DATABASE_URL: postgres.url,
    CACHE_TTL_MS: '1',
    DATABASE_STATEMENT_TIMEOUT_MS: '1000',
    THROTTLE_ALLOW: '127.0.0.1',
  });
  app = await bootApp('api', environment.env);
});

afterAll(async () => {
  await app?.close();
  await environment?.dispose();
  await postgres?.dispose();
});

/** Reads that no cache answers. */
const READS = ['/api/v1/runs', `/api/v1/runs/${crypto.randomUUID()}`];

interface Answer {
  status: number;
  code: string | undefined;
  retryAfter: number;
  ms: number;
}

async function ask(path: string): Promise<Answer> {
  const start = performance.now();
  const answer = await fetch(app.url + path);
  const body = (await answer.json()) as { code?: string };
  return {
    status: answer.status,
    code: body.code,
    retryAfter: Number(answer.headers.get('retry-after')),
    ms: performance.now() - start,
  };
}

/** Asks all the time, eight at once, until told to stop. */
function load(): () => Promise<Answer[]> {
  const answers: Answer[] = [];
  const stop = new AbortController();
  const clients = Array.from({ length: 8 }, async (_, index) => {
    while (!stop.signal.aborted) answers.push(await ask(READS[index % READS.length] ?? ''));
  });
  return async () => {
    stop.abort();
    await Promise.all(clients);
    return answers;
  };
}

const recovered = () =>
  eventually('reads to work again', async () =>
    (await ask('/api/v1/runs')).status === 200 ? true : undefined,
  );

/** What clients may see around an outage: what is there, what is not, and 503 with the time to come back. */
function expectOnlyHonest(answers: readonly Answer[]): void {
  const refused = answers.filter(({ status }) => status !== 200 && status !== 404);
  expect(new Set(refused.map(({ status, code }) => `${status} ${code}`))).toEqual(
    new Set(['503 database.unavailable']),
  );
  expect(Math.min(...refused.map(({ retryAfter }) => retryAfter))).toBeGreaterThan(0);
}

describe('while PostgreSQL is down', () => {
  it('reads are 503 with Retry-After, at once, for as long as it lasts, and work again without a restart', async () => {
    const stop = load();
    await eventually('some answers', async () =>
      (await ask('/api/v1/runs')).status === 200 ? true : undefined,
    );
    await postgres.stop();
    const until = performance.now() + 4000;
    let asked = 0;
    while (performance.now() < until) {
      const answer = await ask('/api/v1/runs');
      expect(answer).toMatchObject({ status: 503, code: 'database.unavailable' });
      asked++;
    }
    expect(asked).toBeGreaterThan(10);
    expect((await fetch(`${app.url}/health/live`)).status).toBe(200);
    expect((await fetch(`${app.url}/health/ready`)).status).toBe(503);
    await postgres.start();
    await recovered();
    expectOnlyHonest(await stop());
    const ready = () => fetch(`${app.url}/health/ready`);
    await eventually('readiness', async () => ((await ready()).status === 200 ? true : undefined));
  });
});

describe('metrics while PostgreSQL is away', () => {
  const STALE = ['beat', 'dead_letter', 'source'].map((of) => `gleaner_${of}_metrics_stale`);
  const staleness = async () => Promise.all(STALE.map((name) => metricOf(app.url, name)));
  const become = (stale: number) =>
    eventually(`all of them to be ${stale}`, async () =>
      (await staleness()).every((value) => value === stale) ? true : undefined,
    );

  it.each(['stopped', 'frozen'] as const)('are told when it is %s, as they last were', async (how) => {
    await recovered();
    await become(0);
    await (how === 'stopped' ? postgres.stop() : postgres.freeze());
    try {
      await become(1);
      const { body } = await askFor(`${app.url}/metrics`);
      expect(body).toContain('gleaner_dead_letters{queue="default"} 0\n');
      expect(body).toContain('gleaner_redis_metrics_stale 0\n');
    } finally {
      await (how === 'stopped' ? postgres.start() : postgres.thaw());
    }
    await recovered();
    await become(0);
  });
});

describe('a data source', () => {
  it('tells by its error that the database is away', async () => {
    const source = createDataSource(loadConfig(environment.env, [databaseConfig]).get(databaseConfig));
    await source.initialize();
    await postgres.stop();
    await expect(source.query('SELECT 1')).rejects.toBeInstanceOf(DatabaseUnavailableError);
    await expect(source.transaction(async () => 1)).rejects.toBeInstanceOf(DatabaseUnavailableError);
    await postgres.start();
    await source.destroy();
    await recovered();
  });
});

describe('when connections are killed', () => {
  it('idle ones are replaced unseen, busy ones cost a 503 at most', async () => {
    const stop = load();
    for (let killed = 0; killed < 10;) {
      const rows = await postgres.query<{ killed: boolean }>(
        `SELECT pg_terminate_backend(pid) AS killed FROM pg_stat_activity
         WHERE application_name = 'gleaner' AND pid <> pg_backend_pid()`,
      );
      killed += rows.length;
      await recovered();
    }
    const answers = await stop();
    expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThan(0);
    for (const { status } of answers) expect([200, 404, 503]).toContain(status);
    // With nobody asking, too: a connection that dies while idle must not end the process.
    await recovered();
    await postgres.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'gleaner'`,
    );
    await recovered();
  });
});

describe('while PostgreSQL is frozen', () => {
  it('nobody waits for ever: statements and connections are given up, and replaced when it thaws', async () => {
    const stop = load();
    await recovered();
    await postgres.freeze();
    try {
      // Connections that are there hang in their statements, new ones in their first word: 503 both.
      const answers = await Promise.all(Array.from({ length: 20 }, () => ask('/api/v1/runs')));
      for (const answer of answers) {
        expect(answer).toMatchObject({ status: 503, code: 'database.unavailable' });
        // A time-out of 1 s, 1 s for the server's own, 2 s for its last word, 3 s for a connection; and much leeway.
        expect(answer.ms).toBeLessThan(20_000);
      }
      expect((await fetch(`${app.url}/health/live`)).status).toBe(200);
    } finally {
      await postgres.thaw();
    }
    await recovered();
    expectOnlyHonest(await stop());
  });
});

describe('a statement that takes too long', () => {
  it('is a 503 of its own, and costs neither the connection nor what comes after it', async () => {
    await recovered();
    const blocker = new Client({ connectionString: postgres.url });
    await blocker.connect();
    await blocker.query('BEGIN; LOCK TABLE run');
    const answer = await ask('/api/v1/runs');
    expect(answer).toMatchObject({ status: 503, code: 'database.statement_timeout', retryAfter: 5 });
    await blocker.end();
    await recovered();
  });
});
