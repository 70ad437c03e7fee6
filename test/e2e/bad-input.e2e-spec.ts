import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { bearer } from '../support/test-key.js';
import { bootApp, type TestApp } from '../support/test-app.js';

interface Problem {
  type: string;
  title: string;
  status: number;
  code: string;
  instance: string;
  errors?: { field: string; message: string }[];
}

let environment: TestEnvironment;
let app: TestApp;

beforeAll(async () => {
  environment = await createEnvironment();
  app = await bootApp('api', environment.env);
});

afterAll(async () => {
  await app?.close();
  await environment?.dispose();
});

const cursorOf = (key: unknown): string => Buffer.from(JSON.stringify(key)).toString('base64url');

describe('bad input is a 400 that names the field', () => {
  it.each([
    ['quotes?limit=0', 'limit'],
    ['quotes?limit=101', 'limit'],
    ['quotes?limit=abc', 'limit'],
    ['quotes?limit=1.5', 'limit'],
    ['quotes?limit=', 'limit'],
    ['quotes?limit=1&limit=2', 'limit'],
    ['quotes?cursor=garbage', 'cursor'],
    ['quotes?cursor=%F0%9F%92%A5', 'cursor'],
    [`quotes?cursor=${cursorOf(['2026-01-01T00:00:00Z'])}`, 'cursor'],
    [`quotes?cursor=${cursorOf(['yesterday', 1])}`, 'cursor'],
    [`quotes?cursor=${cursorOf(['2026-01-01T00:00:00Z', -1])}`, 'cursor'],
    [`quotes?cursor=${cursorOf(['0000-01-01T00:00:00Z', 1])}`, 'cursor'],
    [`quotes?cursor=${cursorOf({ length: 2 })}`, 'cursor'],
    [`authors?cursor=${cursorOf(['a\0b'])}`, 'cursor'],
    [`runs?cursor=${cursorOf(['2026-01-01T00:00:00Z', 'x'])}`, 'cursor'],
    ['quotes?author=', 'author'],
    ['quotes?author=a&author=b', 'author'],
    [`quotes?q=${'x'.repeat(201)}`, 'q'],
    ['quotes?q=%00', 'q'],
    ['quotes?colour=red', 'colour'],
    ['quotes?__proto__=1', '__proto__'],
    ['quotes/random?limit=1', 'limit'],
    ['quotes/abc', 'id'],
    ['quotes/-1', 'id'],
    ['quotes/99999999999999999999', 'id'],
    ['authors?page=2', 'page'],
    ['authors/%00', 'slug'],
    [`authors/${'x'.repeat(5000)}`, 'slug'],
    ['tags?limit=-1', 'limit'],
    ['sources/quotes?x=1', 'x'],
    ['runs?status=asleep', 'status'],
    ['runs/not-a-uuid', 'id'],
  ])('%s', async (path, field) => {
    const answer = await fetch(`${app.url}/api/v1/${path}`);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    const problem = (await answer.json()) as Problem;
    expect(problem).toMatchObject({ status: 400, title: 'Invalid input', code: 'invalid_input' });
    expect(problem.errors?.map((error) => error.field)).toContain(field);
    expect(answer.status).toBe(400);
    expect(problem.instance).toBe(answer.headers.get('x-request-id'));
  });

  it('says what was expected and what came', async () => {
    const answer = await fetch(`${app.url}/api/v1/quotes?limit=lots`);
    expect(((await answer.json()) as Problem).errors).toEqual([
      { field: 'limit', message: 'expected a whole number from 1 to 100, got "lots"' },
    ]);
  });

  it('a URL of a megabyte', async () => {
    const answer = await raw(`GET /api/v1/quotes?q=${'x'.repeat(1_000_000)} HTTP/1.1\r\nHost: x\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    const problem = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4)) as Problem;
    expect(problem.errors?.[0]?.field).toBe('url');
  });

  it('something that is not HTTP', async () => {
    expect(await raw('hello\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 [\s\S]*application\/problem\+json/);
  });

  it('a path that is not well encoded', async () => {
    const answer = await raw('GET /api/v1/quotes/%E0%A4%A HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 400 [\s\S]*application\/problem\+json/);
  });
});

describe('other errors are problem documents, too', () => {
  it.each([
    ['GET', '/api/v1/nothing', 404],
    ['DELETE', '/api/v1/quotes', 404],
    ['GET', '/api/v1/sources/quotes/runs', 404],
  ])('%s %s', async (method, path, status) => {
    const answer = await fetch(app.url + path, { method });
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  it('a body that is too large, or no JSON', async () => {
    const post = (body: string) =>
      fetch(`${app.url}/api/v1/sources/quotes/runs`, {
        method: 'POST',
        headers: { ...bearer(), 'content-type': 'application/json' },
        body,
      });
    expect((await post('x'.repeat(2_000_000))).status).toBe(413);
    expect((await post('{"a":')).status).toBe(400);
  });
});

/** Sends bytes as they are and returns what comes until the server closes. */
function raw(request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(Number(new URL(app.url).port), '127.0.0.1');
    socket.setTimeout(10_000, () => socket.destroy(new Error(`no end after: ${answer}`)));
    socket.on('data', (data) => (answer += data.toString()));
    socket.on('close', () => resolve(answer));
    // The server may close while we still send; what it said before counts.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error);
    });
    socket.write(request);
  });
}
