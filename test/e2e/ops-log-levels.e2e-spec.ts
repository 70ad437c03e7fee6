import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { GleanerProcess } from '../support/gleaner-process.js';
import { bearer } from '../support/test-key.js';

let environment: TestEnvironment;
let api: GleanerProcess;
let worker: GleanerProcess;
let url: string;

beforeAll(async () => {
  environment = await createEnvironment({ LOG_LEVEL: 'warn', DATABASE_SLOW_QUERY_MS: '600000' });
  api = GleanerProcess.spawn({ ...environment.env, MODE: 'api', LOG_LEVEL: 'info' });
  url = await api.listening();
  worker = GleanerProcess.spawn({ ...environment.env, MODE: 'worker' });
});
afterAll(async () => {
  for (const each of [api, worker]) each?.kill('SIGTERM');
  for (const each of [api, worker]) await each?.exit();
  await environment?.dispose();
});

async function ask(method: string, path: string, body?: object): Promise<{ status: number; body: unknown }> {
  const answer = await fetch(`${url}/api/v1/ops${path}`, {
    method,
    headers: { ...bearer('admin'), ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, body: text === '' ? undefined : JSON.parse(text) };
}

const send = async (): Promise<void> => {
  const now = new Date().toISOString();
  const payload = { slot: now, sentAt: now, schedulerId: 'test' };
  await ask('POST', '/tasks', { name: 'beat.heartbeat', payload });
};

let limit = 1;
/** A request that fails by an error of the server, which ProblemFilter logs. @returns its id. */
async function failing(): Promise<string> {
  const answer = await fetch(`${url}/api/v1/tags?limit=${limit++}`);
  await answer.text();
  expect(answer.status).toBe(500);
  return answer.headers.get('x-request-id') ?? '';
}

/** Sends tasks until the worker says something of one. */
const untilTaskLine = (): Promise<unknown> =>
  eventually('a line of a task', async () => {
    await send();
    return /"level":"info".*"module":"TaskLog".*task succeeded/.exec(worker.log)?.[0];
  });

describe('the level of a module', () => {
  it('is that of LOG_LEVEL until another one is set, which every process heeds, and of no other module', async () => {
    expect(await ask('GET', '/log-levels')).toEqual({ status: 200, body: { default: 'info', items: [] } });
    const set = await ask('PUT', '/log-levels/TaskLog', { level: 'info' });
    expect(set).toMatchObject({ status: 200, body: { module: 'TaskLog', level: 'info' } });
    const { expiresAt } = set.body as { expiresAt: string };
    expect(Math.abs(Date.parse(expiresAt) - Date.now() - 3_600_000)).toBeLessThan(60_000);
    await untilTaskLine();
    const modules = [...worker.log.matchAll(/"level":"info".*?"module":"(\w+)"/g)].map(([, name]) => name);
    expect(new Set(modules)).toEqual(new Set(['TaskLog']));
  });

  it('holds for processes that start later', async () => {
    const later = GleanerProcess.spawn({ ...environment.env, MODE: 'worker' });
    try {
      await eventually('a line of a task', async () => {
        await send();
        return later.log.includes('"module":"TaskLog"') || undefined;
      });
    } finally {
      later.kill('SIGTERM');
      expect(await later.exit()).toBe(0);
    }
  });

  it('is told, ends by itself, and can be taken back', async () => {
    await ask('PUT', '/log-levels/*', { level: 'error', expiresInSeconds: 1 });
    await ask('PUT', '/log-levels/RequestLog', { level: 'silent', expiresInSeconds: null });
    expect(await ask('GET', '/log-levels')).toMatchObject({
      body: {
        items: [
          { module: '*', level: 'error', expiresAt: expect.any(String) as string },
          { module: 'RequestLog', level: 'silent', expiresAt: null },
          { module: 'TaskLog', level: 'info' },
        ],
      },
    });
    await eventually('one to expire', async () => {
      const { body } = await ask('GET', '/log-levels');
      return (body as { items: unknown[] }).items.length === 2 || undefined;
    });
    await environment.query('ALTER TABLE tag RENAME TO tag_away');
    await eventually('requests to leave no line', async () => {
      const first = await failing();
      const second = await failing();
      // Lines come in order: by now that of the first request would be there.
      await eventually('what is said of the second', async () => api.log.includes(second) || undefined);
      return !new RegExp(`"${first}".*request completed`).test(api.log) || undefined;
    });
    await environment.query('ALTER TABLE tag_away RENAME TO tag');
    expect(await ask('DELETE', '/log-levels/RequestLog')).toEqual({ status: 204, body: undefined });
    expect((await ask('DELETE', '/log-levels/RequestLog')).status).toBe(404);
    await eventually('requests to be logged again', async () => {
      const id = `heard-again-${api.log.length}`;
      await (await fetch(`${url}/nothing`, { headers: { 'x-request-id': id } })).text();
      return api.log.includes('heard-again-') || undefined;
    });
  });

  it('is refused where it is none', async () => {
    for (const [path, body] of [
      ['/log-levels/Main', { level: 'loud' }],
      ['/log-levels/Main', { level: 'info', expiresInSeconds: 0 }],
      ['/log-levels/Main', { level: 'info', more: 1 }],
      ['/log-levels/no%20name', { level: 'info' }],
    ] as const)
      expect((await ask('PUT', path, body)).status).toBe(400);
  });

  it('is in the audit', async () => {
    const rows = await environment.query<{ detail: string }>(
      `SELECT detail FROM audit_entry WHERE action LIKE '%log-levels%' ORDER BY id`,
    );
    expect(rows.map(({ detail }) => detail).join('\n')).toMatch(
      /TaskLog: info until 20[^]*RequestLog: silent until it is taken back[^]*RequestLog: taken back/,
    );
  });
});
