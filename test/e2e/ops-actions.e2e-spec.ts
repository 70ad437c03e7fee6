import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BullKeys } from '../support/bull-keys.js';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { Ops } from '../support/ops.js';
import { insertTasks } from '../support/task-rows.js';
import { bootApp, type TestApp } from '../support/test-app.js';

const SLOT = '2026-01-01T00:00:00.000Z';
const BEAT = { slot: SLOT, sentAt: SLOT, schedulerId: 's' };

let environment: TestEnvironment;
let app: TestApp;
let operator: Ops;
let bull: BullKeys;

interface Retried {
  id: string;
  created: boolean;
  retryOf: string;
}

beforeAll(async () => {
  environment = await createEnvironment();
  await insertTasks(environment, [
    {
      id: 'beat',
      name: 'beat.heartbeat',
      queue: 'high',
      state: 'failed',
      args: BEAT,
      max_attempts: 2,
      correlation_id: 'c',
      root_id: 'r',
      parent_id: 'p',
    },
    {
      id: 'secret',
      name: 'gone.task',
      queue: 'low',
      state: 'revoked',
      args: { key: '…' },
      payload: { key: 'shh' },
    },
    { id: 'odd', name: 'gone.task', queue: 'nowhere', state: 'failed' },
    { id: 'live', state: 'active' },
    { id: 'over', state: 'succeeded' },
  ]);
  // No worker: what is enqueued stays where it is.
  app = await bootApp('api', environment.env);
  operator = new Ops(app.url);
  bull = new BullKeys(environment.env);
});

afterAll(async () => {
  await bull?.[Symbol.asyncDispose]();
  await app?.close();
  await environment?.dispose();
});

const audited = () =>
  environment.query<{ action: string; outcome: string; detail: string }>(
    'SELECT action, outcome, detail FROM audit_entry ORDER BY id DESC LIMIT 1',
  );

describe('retrying a task', () => {
  it('enqueues a task of its own with the payload as it was sent, in the same chain', async () => {
    const { status, headers, body } = await operator.post<Retried>('/tasks/beat/retry');
    expect(status).toBe(202);
    expect(body).toEqual({ id: expect.any(String) as string, created: true, retryOf: 'beat' });
    expect(headers.get('location')).toBe(`/api/v1/ops/tasks/${body.id}`);
    expect(await bull.envelope('high', body.id)).toMatchObject({
      version: 1,
      payload: BEAT,
      headers: { retryOf: 'beat', correlationId: 'c', rootId: 'r', parentId: 'p' },
    });
    expect(await audited()).toEqual([
      {
        action: 'POST /api/v1/ops/tasks/beat/retry',
        outcome: 'done',
        detail: `status 202: 1 task enqueued: ${body.id}`,
      },
    ]);
  });

  it('takes the payload with its secrets, and a task that this release does not know', async () => {
    const { body } = await operator.post<Retried>('/tasks/secret/retry');
    expect(await bull.envelope('low', body.id)).toMatchObject({ payload: { key: 'shh' } });
  });

  it('is for tasks that have ended, and whose queue there is', async () => {
    expect(await operator.post('/tasks/live/retry')).toMatchObject({
      status: 409,
      body: { code: 'task.wrong_state' },
    });
    expect(await operator.post('/tasks/nothing/retry')).toMatchObject({ status: 404 });
    expect(await operator.post('/tasks/odd/retry')).toMatchObject({
      status: 400,
      body: { code: 'invalid_input' },
    });
  });
});

describe('editing and retrying a task', () => {
  it('enqueues the edited payload', async () => {
    const payload = { ...BEAT, schedulerId: 'another' };
    const { status, body } = await operator.post<Retried>('/tasks/beat/edit-and-retry', { payload });
    expect(status).toBe(202);
    expect(await bull.envelope('high', body.id)).toMatchObject({ payload, headers: { retryOf: 'beat' } });
  });

  it('refuses a payload that the task cannot have, and says why', async () => {
    const waiting = await bull.list('high', 'wait');
    const { status, body } = await operator.post('/tasks/beat/edit-and-retry', {
      payload: { ...BEAT, slot: 7 },
    });
    expect(status).toBe(400);
    expect(body).toMatchObject({ code: 'invalid_input', errors: [{ field: 'slot' }] });
    for (const refused of [{}, { payload: 1, more: 2 }])
      expect((await operator.post('/tasks/beat/edit-and-retry', refused)).status).toBe(400);
    const large = { payload: 'x'.repeat(300_000) };
    expect((await operator.post('/tasks/secret/edit-and-retry', large)).status).toBe(413);
    expect(await bull.list('high', 'wait')).toEqual(waiting);
  });
});

describe('revoking a task', () => {
  it('takes it out of its queue, for good', async () => {
    const { body: retried } = await operator.post<Retried>('/tasks/beat/retry');
    const { status, body } = await operator.post(`/tasks/${retried.id}/revoke`);
    expect(status).toBe(200);
    expect(body).toEqual({ id: retried.id, was: 'waiting' });
    expect(await bull.envelope('high', retried.id)).toBeUndefined();
    expect(await bull.tombstone(environment.env, retried.id)).toBe('abort');
    expect(await audited()).toMatchObject([
      { outcome: 'done', detail: 'status 200: 1 task revoked, which was waiting' },
    ]);
  });

  it('terminates when it is asked to', async () => {
    const { status } = await operator.post('/tasks/live/revoke', { terminate: true });
    expect(status).toBe(200);
    expect(await bull.tombstone(environment.env, 'live')).toBe('terminate');
  });

  it('is for tasks that have not ended', async () => {
    expect(await operator.post('/tasks/over/revoke')).toMatchObject({
      status: 409,
      body: { code: 'task.wrong_state' },
    });
    expect(await operator.post('/tasks/nothing/revoke')).toMatchObject({ status: 404 });
    expect((await operator.post('/tasks/live/revoke', { terminate: 'yes' })).status).toBe(400);
  });
});
