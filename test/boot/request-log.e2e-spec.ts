import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { GleanerProcess } from '../support/gleaner-process.js';
import { bearer, testKey } from '../support/test-key.js';

interface Line {
  level: string;
  msg: string;
  module?: string;
  requestId?: string;
  method?: string;
  url?: string;
  statusCode?: number;
  responseTime?: number;
}

let environment: TestEnvironment;
let app: GleanerProcess;
let url: string;

beforeAll(async () => {
  environment = await createEnvironment({
    MODE: 'api',
    LOG_LEVEL: 'info',
    // A slow query leaves a line of its own, and on a busy machine any query may be slow.
    DATABASE_SLOW_QUERY_MS: '600000',
  });
  app = GleanerProcess.spawn(environment.env);
  url = await app.listening();
});

afterAll(async () => {
  app?.kill('SIGTERM');
  await app?.exit();
  await environment?.dispose();
});

const lines = (): Line[] =>
  app.log
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Line);

describe('every request but those of probes leaves one line', () => {
  it.each([
    ['/api/v1/tags', 200, 'info'],
    ['/api/v1/quotes?limit=x', 400, 'warn'],
    ['/nothing/here', 404, 'warn'],
  ])('%s', async (path, status, level) => {
    const answer = await fetch(url + path, { headers: { ...bearer(), cookie: 'session=secret-of-mine' } });
    await answer.arrayBuffer();
    const id = answer.headers.get('x-request-id');
    await fetch(`${url}/health/live`);
    await fetch(`${url}/metrics`);
    const own = (): Line[] => lines().filter(({ requestId }) => requestId === id);
    await eventually('its line', async () => own()[0]);
    expect(own()).toMatchObject([
      { level, method: 'GET', url: path, remoteAddress: '127.0.0.1', statusCode: status },
    ]);
    expect(app.log).not.toContain('secret-of-mine');
    expect(app.log).not.toContain(testKey());
    expect(lines().filter((line) => /health|metrics/.test(line.url ?? ''))).toEqual([]);
  });
});

it('every other line that a request causes tells its id', async () => {
  await environment.query('ALTER TABLE tag RENAME TO tag_away');
  const answer = await fetch(`${url}/api/v1/tags?limit=1`);
  await environment.query('ALTER TABLE tag_away RENAME TO tag');
  expect(answer.status).toBe(500);
  const own = (): Line[] =>
    lines().filter(({ requestId }) => requestId === answer.headers.get('x-request-id'));
  await eventually('both lines', async () => own()[1]);
  expect(own()).toMatchObject([
    { level: 'error', module: 'ProblemFilter' },
    { level: 'error', statusCode: 500 },
  ]);
});

it('a request whose client went away leaves a line, too', async () => {
  await environment.query('BEGIN');
  await environment.query('LOCK TABLE tag');
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.write('GET /api/v1/tags?limit=2 HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await eventually('the request to wait for the table', async () => {
    const waiting = await environment.query('SELECT 1 FROM pg_locks WHERE NOT granted');
    return waiting[0];
  });
  socket.destroy();
  await eventually('its line', async () =>
    lines().find(({ msg }) => msg === 'request aborted by its client'),
  );
  await environment.query('COMMIT');
});

it('no line is lost when the process is told to end', async () => {
  const own = GleanerProcess.spawn(environment.env);
  const ownUrl = await own.listening();
  const before = own.log.length;
  await Promise.all(Array.from({ length: 200 }, () => fetch(`${ownUrl}/api/v1/tags`)));
  own.kill('SIGTERM');
  await own.exit();
  expect(own.log.slice(before).match(/request completed/g)).toHaveLength(200);
  expect(own.log).toContain('SIGTERM: shutting down');
});
