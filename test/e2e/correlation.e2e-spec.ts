import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Site, startSite } from '../fixtures/site/index.ts';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { Program } from '../support/program.js';
import { bearer } from '../support/test-key.js';

const CORRELATION_ID = 'order-4711.import';

interface Line {
  module?: string;
  mode: string;
  msg: string;
  correlationId?: string;
  requestId?: string;
  taskId?: string;
  runId?: string;
  source?: string;
}
interface TaskRow {
  id: string;
  name: string;
  state: string;
  correlation_id: string;
  request_id: string;
  parent_id: string | null;
}

let site: Site;
let environment: TestEnvironment;
let api: Program;
let worker: Program;

beforeAll(async () => {
  site = await startSite({ log: true, quotes: 20 });
  environment = await createEnvironment({
    QUOTES_START_URL: site.url,
    LOG_LEVEL: 'debug',
    SCRAPE_BREAKER_FAILURES: '5',
  });
  const start = (mode: string): Program =>
    new Program(process.execPath, ['test/support/run-by-task.mjs'], {
      env: { PATH: process.env.PATH, ...environment.env, MODE: mode },
    });
  api = start('api');
  worker = start('worker');
});
afterAll(async () => {
  for (const each of [api, worker]) each?.kill('SIGTERM');
  for (const each of [api, worker]) await each?.exit();
  await environment?.dispose();
  await site?.close();
});

const linesOf = ({ log }: Program): Line[] =>
  log
    .split('\n')
    .filter((line) => line.startsWith('{') && line.endsWith('}'))
    .map((line) => JSON.parse(line) as Line);

describe('what one request leads to', () => {
  it('has its correlation id: answer, log, task, child task, run, and requests of sites', async () => {
    const url = await api.until('it listens', async () => /listens on (http:\/\/[^"\s]+)/.exec(api.log)?.[1]);
    const answer = await fetch(`${url}/api/v1/ops/tasks`, {
      method: 'POST',
      headers: { ...bearer('admin'), 'content-type': 'application/json', 'x-correlation-id': CORRELATION_ID },
      body: JSON.stringify({ name: 'test.run-source', payload: { slug: 'quotes' } }),
    });
    expect(answer.status, await answer.clone().text()).toBe(202);
    expect(answer.headers.get('x-correlation-id')).toBe(CORRELATION_ID);
    const requestId = answer.headers.get('x-request-id');
    const { id: parentId } = (await answer.json()) as { id: string };

    const run = await eventually('the run to end', async () => {
      const rows = await environment.query<{ id: string; status: string; correlation_id: string }>(
        `SELECT id, status, correlation_id FROM run WHERE finished_at IS NOT NULL`,
      );
      return rows[0];
    });
    expect(run).toMatchObject({ status: 'succeeded', correlation_id: CORRELATION_ID });

    const tasks = await eventually('both tasks to have ended', async () => {
      const rows = await environment.query<TaskRow>(
        `SELECT id, name, state, correlation_id, request_id, parent_id FROM task WHERE state = 'succeeded'
         AND name IN ('test.run-source', 'scrape.run') ORDER BY enqueued_at`,
      );
      return rows.length === 2 ? rows : undefined;
    });
    const common = { correlation_id: CORRELATION_ID, request_id: requestId };
    expect(tasks).toMatchObject([
      { id: parentId, name: 'test.run-source', parent_id: null, ...common },
      { id: `run-${run.id}`, name: 'scrape.run', parent_id: parentId, ...common },
    ]);

    expect(site.log().length).toBeGreaterThan(2);
    for (const { path, correlationId } of site.log())
      expect([path, correlationId]).toEqual([path, CORRELATION_ID]);

    const lines = (): Line[] =>
      [api, worker].flatMap(linesOf).filter(({ correlationId }) => correlationId === CORRELATION_ID);
    const expected: Partial<Line>[] = [
      { module: 'RequestLog', requestId: requestId ?? '', msg: 'request completed' },
      { module: 'TaskLog', requestId: requestId ?? '', taskId: parentId, msg: 'task succeeded' },
      { module: 'TaskLog', requestId: requestId ?? '', taskId: `run-${run.id}`, msg: 'task succeeded' },
      { module: 'RunEvents', runId: run.id, source: 'quotes', msg: 'run succeeded' },
    ];
    for (const line of expected)
      await eventually(`the line ${JSON.stringify(line)}`, async () =>
        lines().find((each) => isDeepStrictEqual({ ...each, ...line }, each)),
      );
  });

  it('is told by every line with what else is known of it', () => {
    const lines = [api, worker].flatMap(linesOf);
    for (const line of lines)
      expect(line).toMatchObject({
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as string,
        level: expect.any(String) as string,
        msg: expect.any(String) as string,
        service: 'gleaner',
        mode: expect.stringMatching(/^(api|worker)$/) as string,
        instance: expect.stringMatching(/:\d+$/) as string,
        module: expect.any(String) as string,
      });
  });
});
