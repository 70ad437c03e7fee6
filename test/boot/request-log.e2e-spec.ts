import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { GleanerProcess } from '../support/gleaner-process.js';

interface Line {
  level: string;
  requestId?: string;
  req?: { method: string; url: string; remoteAddress: string };
  res?: { statusCode: number };
  responseTime?: number;
}

let environment: TestEnvironment;
let app: GleanerProcess;
let url: string;

beforeAll(async () => {
  environment = await createEnvironment({ MODE: 'api', LOG_LEVEL: 'info' });
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
    const answer = await fetch(url + path, { headers: { authorization: 'Bearer secret-of-mine' } });
    await answer.arrayBuffer();
    const id = answer.headers.get('x-request-id');
    await fetch(`${url}/health/live`);
    await fetch(`${url}/metrics`);
    const own = (): Line[] => lines().filter(({ requestId }) => requestId === id);
    await eventually('its line', async () => own()[0]);
    expect(own()).toMatchObject([
      { level, req: { method: 'GET', url: path, remoteAddress: '127.0.0.1' }, res: { statusCode: status } },
    ]);
    expect(app.log).not.toContain('secret-of-mine');
    expect(lines().filter(({ req }) => /health|metrics/.test(req?.url ?? ''))).toEqual([]);
  });
});
