import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Page } from '../../src/core/http/index.js';
import type { TaskDetailDto, TaskItem } from '../../src/operations/control/tasks/task.dto.js';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { asking, Ops } from '../support/ops.js';
import { insertTasks } from '../support/task-rows.js';
import { bootApp, type TestApp } from '../support/test-app.js';

let environment: TestEnvironment;
let app: TestApp;
let viewer: Ops;

const at = (minute: number): Date => new Date(Date.UTC(2026, 0, 1, 0, minute));

beforeAll(async () => {
  environment = await createEnvironment({ THROTTLE_SEARCH: '1000000/1h', OPS_EXPORTS_AT_ONCE: '1' });
  await insertTasks(
    environment,
    Array.from({ length: 1200 }, (_, n) => ({
      id: `many-${String(n).padStart(4, '0')}`,
      name: n % 2 === 0 ? 'scrape.run' : 'beat.heartbeat',
      // Several at a time share their moment.
      enqueued_at: at(Math.floor(n / 3)),
      args: { n, formula: '=1+1' },
    })),
  );
  await insertTasks(environment, [
    {
      id: 'failed-1',
      name: 'report.monthly',
      state: 'failed',
      attempt: 2,
      starts: 2,
      worker: 'w1',
      args: { source: 'quotes', password: '…' },
      error_class: 'FetchError',
      error_message: 'timed out after 30 s',
      enqueued_at: at(-10),
      started_at: at(-8),
      finished_at: at(-7),
      runtime_ms: 60_000,
    },
    { id: 'child-1', parent_id: 'failed-1', root_id: 'failed-1', enqueued_at: at(-9) },
    {
      id: 'running-1',
      state: 'active',
      worker: 'w1',
      enqueued_at: at(-20),
      started_at: new Date(Date.now() - 90_000),
    },
    {
      id: 'running-2',
      state: 'active',
      worker: 'w2',
      enqueued_at: at(-21),
      started_at: new Date(Date.now() - 5000),
    },
  ]);
  await environment.query(
    `INSERT INTO task_attempt (task_id, start, attempt, worker, outcome, started_at, finished_at, runtime_ms, retry_at, error_class, error_message, trace)
     VALUES ('failed-1', 2, 2, 'w1', 'failed', $3, $4, 60000, NULL, 'FetchError', 'timed out', 'at x'),
            ('failed-1', 1, 1, 'w0', 'retry', $1, $2, 1000, $3, 'FetchError', 'refused', NULL)`,
    [at(-9), at(-8.9), at(-8), at(-7)],
  );
  await environment.query(
    `INSERT INTO task_log (task_id, start, at, message, fields) VALUES ('failed-1', 1, $1, 'first', NULL), ('failed-1', 2, $2, 'second', '{"page": 2}')`,
    [at(-9), at(-8)],
  );
  app = await bootApp('api', environment.env);
  viewer = new Ops(app.url, 'viewer');
});

afterAll(async () => {
  await app?.close();
  await environment?.dispose();
});

async function all(parameters: Record<string, string>): Promise<TaskItem[]> {
  const items: TaskItem[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const { status, body }: { status: number; body: Page<TaskItem> } = await viewer.get(
      asking('/tasks', { ...parameters, limit: '100', ...(cursor && { cursor }) }),
    );
    expect(status).toBe(200);
    items.push(...body.items);
    cursor = body.nextCursor;
  }
  return items;
}

describe('the list of tasks', () => {
  it('has every task once, the newest first, page by page; or the oldest first', async () => {
    const ids = (await all({ query: 'id:many-*' })).map(({ id }) => id);
    expect(ids).toEqual(Array.from({ length: 1200 }, (_, n) => `many-${String(1199 - n).padStart(4, '0')}`));
    const reversed = await all({ query: 'id:many-*', sort: 'enqueuedAt' });
    expect(reversed.map(({ id }) => id)).toEqual(ids.toReversed());
  });

  it('shows the columns that were asked for', async () => {
    const { body } = await viewer.get<Page<TaskItem>>(
      asking('/tasks', { query: 'name:report.*', columns: 'id,errorClass,runtimeMs,enqueuedAt' }),
    );
    expect(body).toEqual({
      items: [
        { id: 'failed-1', errorClass: 'FetchError', runtimeMs: 60_000, enqueuedAt: at(-10).toISOString() },
      ],
      nextCursor: null,
    });
  });

  it('by the time of the end has only what has ended', async () => {
    expect((await all({ sort: '-finishedAt' })).map(({ id }) => id)).toEqual(['failed-1']);
    expect((await all({ query: 'state:failed', sort: 'finishedAt' })).map(({ id }) => id)).toEqual([
      'failed-1',
    ]);
  });

  it.each([
    [{ query: 'state:done' }, 'query.invalid', { position: 6, found: 'done' }],
    [{ query: 'name:a name' }, 'query.invalid', { position: 7 }],
    [{ sort: '-runtimeMs' }, 'invalid_input', { errors: [{ field: 'sort' }] }],
    [{ columns: 'id,colour' }, 'invalid_input', { errors: [{ field: 'columns' }] }],
    [{ cursor: 'x' }, 'invalid_input', { errors: [{ field: 'cursor' }] }],
    [{ limit: '101' }, 'invalid_input', { errors: [{ field: 'limit' }] }],
    [{ state: 'failed' }, 'invalid_input', { errors: [{ field: 'state' }] }],
  ])('refuses %o, and says why', async (parameters, code, told) => {
    const { status, body } = await viewer.get(asking('/tasks', parameters as Record<string, string>));
    expect(status).toBe(400);
    expect(body).toMatchObject({ code, ...told });
  });
});

describe('counting tasks', () => {
  it('is exact below its bound', async () => {
    const count = async (query: string) => (await viewer.get(asking('/tasks/count', { query }))).body;
    expect(await count('name:scrape.run')).toEqual({ count: 600, atLeast: false });
    expect(await count('')).toEqual({ count: 1204, atLeast: false });
    expect(await count('state:expired')).toEqual({ count: 0, atLeast: false });
  });
});

describe('one task', () => {
  it('has its attempts, what happened to it in order, its log and its children', async () => {
    const { status, body } = await viewer.get<TaskDetailDto>('/tasks/failed-1');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      id: 'failed-1',
      state: 'failed',
      args: { source: 'quotes' },
      critical: false,
    });
    expect(body.attempts.map(({ start, outcome, trace }) => [start, outcome, trace])).toEqual([
      [1, 'retry', null],
      [2, 'failed', 'at x'],
    ]);
    expect(body.timeline.map(({ what, worker }) => [what, worker])).toEqual([
      ['enqueued', null],
      ['started', 'w0'],
      ['retry', 'w0'],
      ['started', 'w1'],
      ['failed', 'w1'],
    ]);
    expect(body.logs.map(({ message, fields }) => [message, fields])).toEqual([
      ['first', null],
      ['second', { page: 2 }],
    ]);
    expect(body.children).toEqual([
      { id: 'child-1', name: 'test.task', state: 'pending', enqueuedAt: at(-9).toISOString() },
    ]);
  });

  it('that there is not is 404', async () => {
    expect((await viewer.get('/tasks/nothing')).status).toBe(404);
    expect((await viewer.get('/tasks/no%20id')).status).toBe(400);
  });
});

describe('long-running tasks', () => {
  it('are those that have run for longer and do still', async () => {
    const over = async (seconds: number) =>
      (await viewer.get<{ items: TaskItem[] }>(`/tasks/long-running?over=${seconds}`)).body.items.map(
        ({ id }) => id,
      );
    expect(await over(60)).toEqual(['running-1']);
    expect(await over(2)).toEqual(['running-1', 'running-2']);
    expect(await over(3600)).toEqual([]);
    expect((await viewer.get('/tasks/long-running')).status).toBe(400);
  });
});

describe('the export', () => {
  it('has every task once, as the list has it', async () => {
    const lines = (await viewer.text(asking('/tasks/export', { query: 'id:many-*', columns: 'id,args' })))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as TaskItem);
    expect(lines).toEqual(await all({ query: 'id:many-*', columns: 'id,args' }));
  });

  it('as CSV has a column for each field, and no formulas', async () => {
    await insertTasks(environment, [
      { id: 'formula', name: '=cmd()', args: ['a', 'b'], enqueued_at: at(-30) },
    ]);
    const text = await viewer.text(
      asking('/tasks/export', { query: 'id:formula', columns: 'id,name,args,worker', format: 'csv' }),
    );
    expect(text).toBe(`id,name,args,worker\r\nformula,'=cmd(),"[""a"",""b""]",\r\n`);
  });

  it('is refused before it begins when the query is wrong', async () => {
    const { status, body } = await viewer.get(asking('/tasks/export', { query: 'x' }));
    expect(status).toBe(400);
    expect(body).toMatchObject({ code: 'query.invalid', position: 0 });
  });
});

describe('reading', () => {
  it.each([
    '/tasks',
    '/tasks/count',
    '/tasks/export',
    '/tasks/long-running?over=1',
    '/tasks/failed-1',
    '/queues',
    '/queues/default',
    '/bulk/3f1b1d5e-7a35-4a0e-9d0f-1c2b3a4d5e6f',
  ])('%s needs a key, also where other reads need none', async (path) => {
    expect((await new Ops(app.url, 'nobody').get(path)).status).toBe(401);
  });
});
