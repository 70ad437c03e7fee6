import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Redis } from 'ioredis';
import type { BulkOperation } from '../../src/operations/control/bulk/bulk-operation.js';
import { BullKeys } from '../support/bull-keys.js';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { Ops } from '../support/ops.js';
import { insertTasks } from '../support/task-rows.js';
import { bootApp, type TestApp } from '../support/test-app.js';

let environment: TestEnvironment;
let app: TestApp;
let operator: Ops;
let bull: BullKeys;

beforeAll(async () => {
  environment = await createEnvironment({ OPS_BULK_MAX_TASKS: '700' });
  const rows = (prefix: string, count: number, row: object) =>
    Array.from({ length: count }, (_, n) => ({ id: `${prefix}-${n}`, queue: 'low', ...row }));
  await insertTasks(environment, [
    ...rows('failed', 650, { name: 'a.task', state: 'failed' }),
    ...rows('done', 30, { name: 'a.task', state: 'succeeded' }),
    ...rows('open', 20, { name: 'a.task', state: 'pending' }),
    ...rows('many', 900, { name: 'many.task', state: 'failed' }),
    ...rows('beat', 15, { name: 'beat.heartbeat', queue: 'high', state: 'failed', args: { slot: 'none' } }),
  ]);
  app = await bootApp('api', environment.env);
  operator = new Ops(app.url);
  bull = new BullKeys(environment.env);
});

afterAll(async () => {
  await bull?.[Symbol.asyncDispose]();
  await app?.close();
  await environment?.dispose();
});

async function ended(id: string): Promise<BulkOperation> {
  return eventually('the end of the operation', async () => {
    const { body } = await operator.get<BulkOperation>(`/bulk/${id}`);
    return body.state === 'running' ? undefined : body;
  });
}

describe('a bulk operation', () => {
  it('tells on how many tasks it would act, and does nothing', async () => {
    const dry = async (action: string, body: object) =>
      (await operator.post(`/tasks/bulk/${action}`, { ...body, dryRun: true })).body;
    expect(await dry('retry', { query: 'name:a.task' })).toEqual({
      dryRun: true,
      count: 680,
      atLeast: false,
    });
    expect(await dry('revoke', { query: 'name:a.task' })).toEqual({
      dryRun: true,
      count: 20,
      atLeast: false,
    });
    expect(await dry('retry', { ids: ['failed-1', 'open-1', 'nothing'] })).toMatchObject({ count: 1 });
    expect(await bull.list('low', 'wait')).toEqual([]);
  });

  it('by a query goes on in the background, tells how far it is, and leaves an audit entry', async () => {
    const { status, headers, body } = await operator.post<BulkOperation>('/tasks/bulk/retry', {
      query: 'state:failed AND name:a.*',
    });
    expect(status).toBe(202);
    expect(headers.get('location')).toBe(`/api/v1/ops/bulk/${body.id}`);
    expect(body).toMatchObject({ state: 'running', total: 650, done: 0, query: 'state:failed name:a.*' });
    const end = await ended(body.id);
    expect(end).toMatchObject({ state: 'done', done: 650, skipped: 0, failed: 0, limited: false });
    const waiting = await bull.list('low', 'wait');
    expect(waiting).toHaveLength(650);
    const sources = await Promise.all(waiting.map((id) => bull.envelope('low', id)));
    const repeated = new Set(sources.map((envelope) => envelope?.headers.retryOf));
    expect(repeated).toEqual(new Set(Array.from({ length: 650 }, (_, n) => `failed-${n}`)));
    const entry = await eventually('the audit entry', async () => {
      const rows = await environment.query<{ outcome: string; detail: string; key_id: string }>(
        `SELECT outcome, detail, key_id FROM audit_entry WHERE action = 'ops.bulk.retry' AND detail LIKE $1`,
        [`%${body.id}%`],
      );
      return rows[0];
    });
    expect(entry).toMatchObject({ outcome: 'done', key_id: 'testoperat00' });
    expect(entry.detail).toMatch(/^done: 650 done, 0 skipped, 0 failed/);
  });

  it('by ids revokes what waits, and counts the others as skipped', async () => {
    const [first = '', second = ''] = await bull.list('low', 'wait');
    const { body } = await operator.post<BulkOperation>('/tasks/bulk/revoke', {
      ids: [first, second, first, 'nothing'],
    });
    expect(await ended(body.id)).toMatchObject({ state: 'done', done: 2, skipped: 1 });
    const waiting = await bull.list('low', 'wait');
    expect(waiting).not.toContain(first);
    expect(waiting).not.toContain(second);
  });

  it('changes no more tasks than one may, and says so', async () => {
    const { body } = await operator.post<BulkOperation>('/tasks/bulk/retry', { query: 'name:many.task' });
    expect(await ended(body.id)).toMatchObject({ state: 'done', total: 900, done: 700, limited: true });
  });

  it('tells of the tasks that it could not act on, and does the others', async () => {
    const { body } = await operator.post<BulkOperation>('/tasks/bulk/retry', { query: 'name:beat.*' });
    const end = await ended(body.id);
    expect(end).toMatchObject({ state: 'done', done: 0, failed: 15 });
    expect(end.failures).toHaveLength(10);
    expect(end.failures[0]?.error).toContain('slot');
  });

  it('is one of two that a process is at work on; the others are asked to come later', async () => {
    const answers = await Promise.all(
      Array.from({ length: 6 }, () =>
        operator.post<BulkOperation>('/tasks/bulk/retry', { query: 'name:a.task' }),
      ),
    );
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(2);
    const refused = answers.find(({ status }) => status === 503);
    expect(refused?.body).toMatchObject({ code: 'bulk.too_many' });
    expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(0);
    for (const { status, body } of answers) if (status === 202) await ended(body.id);
    const { body } = await operator.post<BulkOperation>('/tasks/bulk/retry', { ids: ['done-2'] });
    expect(await ended(body.id)).toMatchObject({ done: 1 });
  });

  it('whose process has died is interrupted, and not for ever at work', async () => {
    const { body } = await operator.post<BulkOperation>('/tasks/bulk/retry', { ids: ['done-1'] });
    await ended(body.id);
    const redis = new Redis(environment.env.REDIS_URL ?? '');
    const key = `${environment.env.REDIS_PREFIX}:ops:bulk:${body.id}`;
    await redis.set(key, JSON.stringify({ ...body, state: 'running' }));
    expect((await operator.get<BulkOperation>(`/bulk/${body.id}`)).body.state).toBe('running');
    await redis.del(`${key}:alive`);
    await redis.quit();
    expect((await operator.get<BulkOperation>(`/bulk/${body.id}`)).body.state).toBe('interrupted');
  });

  it.each([
    [{}, 'invalid_input'],
    [{ ids: ['a'], query: 'state:failed' }, 'invalid_input'],
    [{ query: '' }, 'invalid_input'],
    [{ query: 'state:' }, 'query.invalid'],
    [{ ids: [] }, 'invalid_input'],
    [{ ids: ['a b'] }, 'invalid_input'],
    [{ ids: Array.from({ length: 1001 }, (_, n) => `x${n}`) }, 'invalid_input'],
  ])('is refused when it does not say on what: %o', async (body, code) => {
    const { status, body: problem } = await operator.post('/tasks/bulk/retry', body);
    expect(status).toBe(400);
    expect(problem).toMatchObject({ code });
  });

  it('that there is not is 404', async () => {
    expect((await operator.get('/bulk/3f1b1d5e-7a35-4a0e-9d0f-1c2b3a4d5e6f')).status).toBe(404);
  });

  it('that is under way when its process shuts down says that it was interrupted', async () => {
    await insertTasks(
      environment,
      Array.from({ length: 690 }, (_, n) => ({
        id: `last-${n}`,
        name: 'last.task',
        queue: 'low',
        state: 'failed',
      })),
    );
    const { body } = await operator.post<BulkOperation>('/tasks/bulk/retry', { query: 'name:last.task' });
    await app.close();
    app = await bootApp('api', environment.env);
    const end = (await new Ops(app.url).get<BulkOperation>(`/bulk/${body.id}`)).body;
    expect(end.state).toBe('interrupted');
    expect(end.done).toBeLessThan(690);
    const known = await bull.list('low', 'wait');
    const enqueued = await Promise.all(known.map((id) => bull.envelope('low', id)));
    const retried = enqueued.filter((envelope) => JSON.stringify(envelope).includes('"last-'));
    // What it says is what it did.
    expect(retried).toHaveLength(end.done);
  });
});
