import { afterAll, beforeAll, expect, it } from 'vitest';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { GleanerProcess } from '../support/gleaner-process.js';

let environment: TestEnvironment;
let child: GleanerProcess;
let url: string;

beforeAll(async () => {
  environment = await createEnvironment();
  child = GleanerProcess.spawn({
    ...environment.env,
    LOG_LEVEL: 'info',
    MODE: 'api',
    DATABASE_SLOW_QUERY_MS: '250',
  });
  url = await child.listening();
});
afterAll(async () => {
  child?.kill('SIGTERM');
  await child?.exit();
  await environment?.dispose();
});

interface Line {
  msg: string;
  level: string;
  durationMs: number;
  unit: string;
  statement: string;
}
const slowLines = (): Line[] =>
  child.log
    .split('\n')
    .filter((line) => line.includes('"slow query"'))
    .map((line) => JSON.parse(line) as Line);

it('logs a statement that was slow, with its route and without its values, and no other', async () => {
  const ask = () => fetch(`${url}/api/v1/authors/secret-slug-4711`).then((answer) => answer.status);
  expect(await ask()).toBe(404);
  const before = slowLines().length;
  await environment.query('BEGIN');
  await environment.query('LOCK TABLE author');
  const asked = fetch(`${url}/api/v1/authors/another-secret-4712`);
  await eventually('the statement to have waited', async () => {
    await environment.query('SELECT pg_stat_clear_snapshot()');
    const rows = await environment.query(
      `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
         AND clock_timestamp() - query_start > interval '400 milliseconds'`,
    );
    return rows.length > 0 ? true : undefined;
  });
  await environment.query('ROLLBACK');
  expect((await asked).status).toBe(404);
  const [line] = await eventually('the line', async () => {
    const lines = slowLines().slice(before);
    return lines.length > 0 ? lines : undefined;
  });
  expect(line).toMatchObject({ level: 'warn', unit: 'GET /api/v1/authors/:slug' });
  expect(line?.durationMs).toBeGreaterThan(250);
  expect(line?.statement).toMatch(/^SELECT a\.slug, .* FROM author a WHERE a\.slug = \$1$/);
  expect(JSON.stringify(slowLines())).not.toMatch(/4711|4712/);
  const metrics = await (await fetch(`${url}/metrics`)).text();
  expect(metrics).toMatch(/gleaner_database_slow_queries_total\{operation="select"\} [1-9]/);
  expect(metrics).toContain('gleaner_database_slow_queries_total{operation="delete"} 0');
  expect(metrics).toMatch(/gleaner_database_query_duration_seconds_count\{operation="select"\} [1-9]/);
});
