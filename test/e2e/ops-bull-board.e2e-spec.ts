import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { labTasks } from '../support/task-lab/lab-tasks.js';
import { TaskLab } from '../support/task-lab/task-lab.js';
import { bearer } from '../support/test-key.js';

let lab: TaskLab;

beforeAll(async () => {
  lab = await TaskLab.open();
});
afterAll(async () => lab?.[Symbol.asyncDispose]());

const ask = async (
  path: string,
  options: { method?: string; body?: string; headers?: Record<string, string> } = {},
  role: 'viewer' | 'operator' | 'admin' = 'admin',
) => fetch(`${lab.url}/ops/bull${path}`, { ...options, headers: { ...bearer(role), ...options.headers } });
const PATHS = ['', '/', '/queue/default', '/api/queues', '/api/queues/default/x/retry', '/static/js/main.js'];

describe("Bull's board", () => {
  it.each(PATHS)('is closed at "%s" to those without a key, and says how to open it', async (path) => {
    for (const method of ['GET', 'PUT', 'POST', 'PATCH']) {
      const answer = await fetch(`${lab.url}/ops/bull${path}`, { method });
      // What has no route is not found, whoever asks.
      expect([401, 404], `${method} ${path}`).toContain(answer.status);
      expect(answer.headers.get('content-type')).toContain('application/problem+json');
    }
    const [read, act] = await Promise.all([
      fetch(`${lab.url}/ops/bull`),
      fetch(`${lab.url}/ops/bull/api/queues/pause`, { method: 'PUT' }),
    ]);
    for (const { status, headers } of [read, act]) {
      expect(status).toBe(401);
      expect(headers.get('www-authenticate')).toContain('Basic');
    }
  });

  it.each(['viewer', 'operator'] as const)('is closed to a %s', async (role) => {
    for (const path of ['', '/api/queues']) expect((await ask(path, {}, role)).status).toBe(403);
    expect((await ask('/api/queues/pause', { method: 'PUT' }, role)).status).toBe(403);
  });

  it('is a page for admins, with all that it loads', async () => {
    const page = await ask('');
    expect(page.status).toBe(200);
    expect(page.headers.get('content-security-policy')).toContain("script-src 'self'");
    const html = await page.text();
    const files = [...html.matchAll(/(?:src|href)="(static\/[^"]+)"/g)].map(([, file]) => file);
    expect(files.length).toBeGreaterThan(2);
    for (const file of files) expect((await ask(`/${file}`)).status, file).toBe(200);
    const { queues } = (await (await ask('/api/queues')).json()) as { queues: { name: string }[] };
    expect(queues.map(({ name }) => name).sort()).toEqual(['default', 'high', 'low']);
  });

  it('shows a job without its secrets, removes it, and that is in the audit', async () => {
    await lab.tasks.enqueue(labTasks.noop, { password: 'hunter2', page: 7 }, { id: 'on-board' });
    const shown = await (await ask('/api/queues/default/on-board')).text();
    expect(shown).toContain('"page":7');
    expect(shown).not.toContain('hunter2');
    expect((await ask('/api/queues/default/on-board/clean', { method: 'PUT' })).status).toBeLessThan(300);
    expect((await ask('/api/queues/default/on-board')).status).toBe(404);
    const entries = await eventually('the audit', async () => {
      const rows = await lab.environment.query(
        `SELECT outcome FROM audit_entry WHERE action LIKE 'PUT /ops/bull/%clean'`,
      );
      return rows.length > 0 ? rows : undefined;
    });
    expect(entries).toEqual([{ outcome: 'done' }]);
  });

  it.each([
    ['POST', '/api/queues/default/add'],
    ['POST', '/api/queues/default/%61dd'],
    ['PATCH', '/api/queues/default/some/update-data'],
    ['PATCH', '/api/queues/default/some/update%2Ddata'],
  ])('makes and changes no jobs that are no tasks: %s %s', async (method, path) => {
    const answer = await ask(path, { method, body: '{}', headers: { 'content-type': 'application/json' } });
    expect(answer.status).toBe(405);
    expect(await answer.json()).toMatchObject({ code: 'ops.not_on_the_board' });
  });

  it('tells nothing of the inside when it fails', async () => {
    const answer = await ask('/api/queues/default/retry/%5B', { method: 'PUT' });
    expect(await answer.text()).not.toMatch(/node_modules|\.js:\d/);
  });
});
