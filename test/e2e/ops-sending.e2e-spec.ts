import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Ops } from '../support/ops.js';
import { labTasks } from '../support/task-lab/lab-tasks.js';
import { TaskLab } from '../support/task-lab/task-lab.js';

interface Sent {
  id: string;
  created: boolean;
  task: { state: string; result: unknown } | null;
}

let lab: TaskLab;
let operator: Ops;

beforeAll(async () => {
  lab = await TaskLab.open();
  operator = new Ops(lab.url);
  await lab.launch();
});
afterAll(async () => lab?.[Symbol.asyncDispose]());

describe('sending a task', () => {
  it('enqueues it, tells where it is, and is in the audit', async () => {
    const { status, headers, body } = await operator.post<Sent>('/tasks', {
      name: 'lab.noop',
      payload: { a: 1 },
    });
    expect(status).toBe(202);
    expect(body).toMatchObject({ created: true, task: null });
    expect(headers.get('location')).toBe(`/api/v1/ops/tasks/${body.id}`);
    const [entry] = await lab.environment.query<{ detail: string }>(
      `SELECT detail FROM audit_entry WHERE action = 'POST /api/v1/ops/tasks' ORDER BY id DESC LIMIT 1`,
    );
    expect(entry?.detail).toContain(`1 task enqueued: ${body.id}`);
  });

  it('waits for its end, if asked to, and has its result', async () => {
    const { body } = await operator.post<Sent>('/tasks', { name: 'lab.noop', payload: {}, waitSeconds: 20 });
    expect(body.task).toMatchObject({ state: 'succeeded', result: 'done' });
  });

  it('waits no longer than asked to', async () => {
    const payload = { ms: 30_000 };
    const { body } = await operator.post<Sent>('/tasks', { name: 'lab.work', payload, waitSeconds: 0.3 });
    expect(body.task).toBeNull();
  });

  it('does nothing the second time under the same id', async () => {
    const send = async () =>
      operator.post<Sent>('/tasks', { name: 'lab.noop', payload: {}, id: 'just-once' });
    expect((await send()).body).toMatchObject({ id: 'just-once', created: true });
    expect((await send()).body).toMatchObject({ id: 'just-once', created: false });
  });

  it('for later leaves it scheduled, and one whose time is over expires', async () => {
    const eta = new Date(Date.now() + 3_600_000).toISOString();
    await operator.post<Sent>('/tasks', { name: 'lab.noop', payload: {}, id: 'later', eta });
    expect(await lab.tasks.stateOf(labTasks.noop, 'later')).toBe('live');
    const expiresAt = new Date(Date.now() - 1000).toISOString();
    const expired = await operator.post<Sent>('/tasks', {
      name: 'lab.noop',
      payload: {},
      expiresAt,
      waitSeconds: 20,
    });
    expect(expired.body.task).toMatchObject({ state: 'expired' });
  });

  it.each([
    [{}, 'name'],
    [{ name: 'no.such', payload: {} }, 'name'],
    [{ name: 'beat.heartbeat', payload: { slot: 1 } }, 'slot'],
    [{ name: 'lab.noop', payload: {}, id: 'a b' }, 'id'],
    [{ name: 'lab.noop', payload: {}, id: 'wait' }, 'id'],
    [{ name: 'lab.keyed', payload: null }, 'payload of lab.keyed'],
    [{ name: 'lab.noop', payload: {}, eta: 'tomorrow' }, 'eta'],
    [{ name: 'lab.noop', payload: {}, waitSeconds: 21 }, 'waitSeconds'],
    [{ name: 'lab.noop', payload: {}, queue: 'low' }, 'queue'],
    [
      { name: 'lab.noop', payload: {}, eta: '2030-01-02T00:00:00Z', expiresAt: '2030-01-01T00:00:00Z' },
      'expiresAt',
    ],
  ])('of %j is refused for its %s', async (body, field) => {
    const answer = await operator.post<{ errors: { field: string }[] }>('/tasks', body);
    expect(answer.status).toBe(400);
    expect(answer.body.errors.map((error) => error.field)).toContain(field);
  });

  it('of more than a queue takes is refused', async () => {
    const payload = { text: 'x'.repeat(256 * 1024) };
    const { status, body } = await operator.post<{ code: string }>('/tasks', { name: 'lab.noop', payload });
    expect({ status, code: body.code }).toEqual({ status: 413, code: 'task.too_large' });
  });

  it('is not for viewers', async () => {
    expect((await new Ops(lab.url, 'viewer').post('/tasks', { name: 'lab.noop', payload: {} })).status).toBe(
      403,
    );
  });
});

describe('the types of tasks', () => {
  it('are listed with what is to be sent, and with what operators have set', async () => {
    await lab.limits.setRate('lab.noop', '10/m');
    await lab.limits.setTime('lab.work', { softMs: 500 });
    const { body } = await new Ops(lab.url, 'viewer').get<{ items: Record<string, unknown>[] }>(
      '/task-types',
    );
    await lab.limits.setRate('lab.noop', null);
    await lab.limits.setTime('lab.work', null);
    const byName = new Map(body.items.map((item) => [item.name, item]));
    expect(byName.get('lab.noop')).toMatchObject({
      queue: 'default',
      attempts: 3,
      rateLimit: '10/m',
      timeLimit: null,
    });
    expect(byName.get('lab.work')).toMatchObject({ rateLimit: null, timeLimit: { softMs: 500 } });
    expect(byName.get('lab.isolated')).toMatchObject({ isolated: true });
    expect(byName.get('beat.heartbeat')?.payload).toMatchObject({
      type: 'object',
      required: expect.arrayContaining(['slot']) as string[],
    });
  });
});
