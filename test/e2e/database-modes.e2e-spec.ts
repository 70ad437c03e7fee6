import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { GleanerProcess } from '../support/gleaner-process.js';

let environment: TestEnvironment;

beforeAll(async () => {
  environment = await createEnvironment();
});
afterAll(async () => environment?.dispose());

interface Settings {
  statement_timeout: string;
  idle_in_transaction_session_timeout: string;
}

/** What the connections of the application, as PostgreSQL sees them, have been given. */
const connections = async () => {
  // Within a transaction the view would go on showing what it showed first.
  await environment.query('SELECT pg_stat_clear_snapshot()');
  return environment.query<{ pid: number }>(
    `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'gleaner'`,
  );
};

describe.each([
  ['api', 10, '5s', '3s'],
  ['worker', 15, '30s', '5s'],
  ['scheduler', 3, '10s', '5s'],
  ['all', 20, '10s', '5s'],
] as const)('a process with MODE=%s', (mode, poolMax, statementTimeout, idleTimeout) => {
  it(`may hold ${poolMax} connections, with time-outs of ${statementTimeout} and ${idleTimeout}`, async () => {
    // The settings of a session show from inside only: a trigger of the test writes them down when the process writes.
    await environment.query(`
      DROP TABLE IF EXISTS seen CASCADE;
      CREATE TABLE seen AS SELECT name, setting || coalesce(unit, '') AS setting FROM pg_settings LIMIT 0;
      CREATE OR REPLACE FUNCTION write_down() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO seen SELECT name, current_setting(name) FROM pg_settings
          WHERE name IN ('statement_timeout', 'idle_in_transaction_session_timeout');
        RETURN NULL;
      END $$;
      CREATE OR REPLACE TRIGGER tr_write_down AFTER INSERT ON source EXECUTE FUNCTION write_down();
      DELETE FROM source`);
    const child = GleanerProcess.spawn({ ...environment.env, LOG_LEVEL: 'info', MODE: mode });
    const url = await child.listening();
    const seen = await environment.query<{ name: keyof Settings; setting: string }>('SELECT * FROM seen');
    expect(Object.fromEntries(seen.map(({ name, setting }) => [name, setting]))).toEqual({
      statement_timeout: statementTimeout,
      idle_in_transaction_session_timeout: idleTimeout,
    });

    const metrics = async () => (await fetch(`${url}/metrics`)).text();
    expect(await metrics()).toContain(`gleaner_database_pool_max_connections ${poolMax}\n`);
    expect(await metrics()).toMatch(/gleaner_database_pool_connections\{state="idle"\} \d+/);
    if (mode === 'api' || mode === 'all') await expectBounded(url, poolMax);
    child.kill('SIGTERM');
    expect(await child.exit(), child.log).toBe(0);
  });
});

/** More callers than connections: each is held back by a lock, and the rest wait for a connection. */
async function expectBounded(url: string, poolMax: number): Promise<void> {
  await environment.query('BEGIN');
  await environment.query('LOCK TABLE source, run');
  const asked = Array.from({ length: poolMax + 10 }, () => fetch(`${url}/api/v1/runs`));
  try {
    await eventually('every connection to be taken', async () =>
      (await connections()).length === poolMax ? true : undefined,
    );
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toContain(`gleaner_database_pool_connections{state="active"} ${poolMax}\n`);
    expect(metrics).toMatch(/gleaner_database_pool_connections\{state="waiting"\} [1-9]/);
  } finally {
    await environment.query('ROLLBACK');
  }
  // Those that waited have their turn; never were there more connections than allowed.
  const statuses = (await Promise.all(asked)).map(({ status }) => status);
  expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(poolMax);
  expect((await connections()).length).toBeLessThanOrEqual(poolMax);
}
