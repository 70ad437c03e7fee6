import 'reflect-metadata';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { migrations } from '../../src/app/migrations/index.js';
import { type Site, startSite } from '../fixtures/site/index.ts';
import { Api } from '../support/api.js';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { type PgBouncer, startPgBouncer } from '../support/pgbouncer.js';
import { bootApp, type TestApp } from '../support/test-app.js';

const run = promisify(execFile);
/** Fewer than the application holds to the pooler: connections of the server change hands all the time. */
const SERVER_CONNECTIONS = 3;

let site: Site;
let environment: TestEnvironment;
let pooler: PgBouncer;
let env: Record<string, string>;
let app: TestApp;

beforeAll(async () => {
  site = await startSite();
  environment = await createEnvironment({ QUOTES_START_URL: site.url, CACHE_TTL_MS: '1' });
  pooler = await startPgBouncer(environment.env.DATABASE_URL ?? '', SERVER_CONNECTIONS);
  env = {
    ...environment.env,
    DATABASE_URL: pooler.url,
    DATABASE_POOLER: 'transaction',
    DATABASE_STATEMENT_TIMEOUT_MS: '2000',
  };
}, 180_000);

afterAll(async () => {
  await app?.close();
  await pooler?.stop();
  await environment?.dispose();
  await site?.close();
});

describe('through PgBouncer in transaction mode', () => {
  // More processes than the pooler has connections: those who wait must not keep from working the one they wait for.
  it('migrations are applied, by one of several processes', async () => {
    const empty = await createEnvironment();
    await empty.query('DROP SCHEMA public CASCADE');
    await empty.query('CREATE SCHEMA public');
    const url = new URL(pooler.url);
    url.pathname = new URL(empty.env.DATABASE_URL ?? '').pathname;
    const outputs = await Promise.all(
      Array.from({ length: SERVER_CONNECTIONS + 1 }, () =>
        run(process.execPath, ['dist/migrate.js'], {
          env: { ...process.env, ...env, DATABASE_URL: url.href },
        }),
      ),
    );
    expect(outputs.filter(({ stdout }) => stdout.includes('applied '))).toHaveLength(1);
    expect(await empty.query('SELECT 1 FROM migrations')).toHaveLength(migrations.length);
    await empty.dispose();
  });

  it('a source is scraped and read, by more connections than the server has', async () => {
    app = await bootApp('all', env);
    const api = new Api(app.url);
    expect(await api.scrape()).toMatchObject({ status: 'succeeded', stats: { 'item/inserted': 150 } });
    const pages = await Promise.all(
      Array.from({ length: 60 }, (_, index) => api.quotes(`?limit=${1 + index}&source=quotes`)),
    );
    expect(pages.map(({ items }) => items.length)).toEqual(
      Array.from({ length: 60 }, (_, index) => 1 + index),
    );
    const servers = await environment.query(
      `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'gleaner'`,
    );
    expect(servers.length).toBeLessThanOrEqual(SERVER_CONNECTIONS);
  });

  it('records are listed and exported, batch by batch', async () => {
    const records = 3000;
    await environment.query(
      `INSERT INTO record (source_id, kind, key_hash, key, data, url, last_run_id, changed_run_id)
       SELECT s.id, 'item', sha256(n::text::bytea), '[]', '{"n": 1}', '', gen_random_uuid(), gen_random_uuid()
       FROM source s, generate_series(1, $1::int) n WHERE slug = 'quotes'`,
      [records],
    );
    const path = `${app.url}/api/v1/sources/quotes/records`;
    const exports = await Promise.all(
      Array.from({ length: 4 }, async () => (await fetch(`${path}/export`)).text()),
    );
    for (const text of exports) expect(text.split('\n')).toHaveLength(records + 1);
    expect((await fetch(`${path}?where=n+=+1`)).status).toBe(200);
  });

  it('nothing is left on the sessions, which others get', async () => {
    const other = await new DataSource({
      type: 'postgres',
      url: pooler.url,
      poolSize: SERVER_CONNECTIONS,
    }).initialize();
    const seen = await Promise.all(
      Array.from({ length: 20 }, () =>
        other.query<[{ statement: string; idle: string; prepared: number; locks: number }]>(
          `SELECT current_setting('statement_timeout') AS statement,
             current_setting('idle_in_transaction_session_timeout') AS idle,
             (SELECT count(*)::int FROM pg_prepared_statements) AS prepared,
             (SELECT count(*)::int FROM pg_locks JOIN pg_database d ON d.oid = database
               WHERE locktype = 'advisory' AND datname = current_database()) AS locks, pg_sleep(0.01)::text`,
        ),
      ),
    );
    for (const [row] of seen) expect(row).toMatchObject({ statement: '0', idle: '0', prepared: 0, locks: 0 });
    await other.destroy();
  });

  it('a statement is bounded nevertheless: cancelled on the server, and answered with 503', async () => {
    await environment.query('BEGIN');
    await environment.query('LOCK TABLE run');
    try {
      const answer = await fetch(`${app.url}/api/v1/runs`);
      expect(answer.status).toBe(503);
      expect(await answer.json()).toMatchObject({ code: 'database.statement_timeout' });
      await eventually('the server to work on nothing', async () => {
        await environment.query('SELECT pg_stat_clear_snapshot()');
        const busy = await environment.query(
          `SELECT 1 FROM pg_stat_activity
           WHERE datname = current_database() AND state = 'active' AND wait_event_type = 'Lock'`,
        );
        return busy.length === 0 ? true : undefined;
      });
    } finally {
      await environment.query('ROLLBACK');
    }
    expect((await fetch(`${app.url}/api/v1/runs`)).status).toBe(200);
  });

  it('parameters of a session are really refused here, so none can have been sent', async () => {
    const client = new Client({ connectionString: pooler.url, statement_timeout: 1000 });
    await expect(client.connect()).rejects.toThrow('unsupported startup parameter');
  });
});
