import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BulkOperation } from '../../src/operations/control/bulk/bulk-operation.js';
import type { QueueDto } from '../../src/operations/control/queues/queue.dto.js';
import { BullKeys } from '../support/bull-keys.js';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { Ops } from '../support/ops.js';
import { insertTasks } from '../support/task-rows.js';
import { bootApp, type TestApp } from '../support/test-app.js';

let environment: TestEnvironment;
let app: TestApp;
let operator: Ops;
let admin: Ops;
let bull: BullKeys;

interface Drained {
  drained: number;
  remaining: number;
  token: string | null;
}

beforeAll(async () => {
  environment = await createEnvironment();
  await insertTasks(environment, [
    ...Array.from({ length: 12 }, (_, n) => ({ id: `new-${n}`, queue: 'default' })),
    ...Array.from({ length: 6 }, (_, n) => ({
      id: `ended-${n}`,
      queue: 'default',
      state: 'succeeded',
      enqueued_at: new Date(Date.now() - 3_600_000),
      finished_at: new Date(),
    })),
    ...Array.from({ length: 1300 }, (_, n) => ({
      id: `low-${n}`,
      queue: 'low',
      state: 'failed',
      name: 'a.task',
      enqueued_at: new Date(Date.now() - 3_600_000),
      finished_at: new Date(Date.now() - 3_600_000),
    })),
  ]);
  app = await bootApp('api', environment.env);
  operator = new Ops(app.url);
  admin = new Ops(app.url, 'admin');
  bull = new BullKeys(environment.env);
});

afterAll(async () => {
  await bull?.[Symbol.asyncDispose]();
  await app?.close();
  await environment?.dispose();
});

const queue = async (name: string): Promise<QueueDto> =>
  (await operator.get<QueueDto>(`/queues/${name}`)).body;

/** Fills the queue with what has failed. */
async function fill(count: number): Promise<void> {
  const ids = Array.from({ length: count }, (_, n) => `low-${n}`);
  for (let from = 0; from < count; from += 1000) {
    const { body } = await operator.post<BulkOperation>('/tasks/bulk/retry', {
      ids: ids.slice(from, from + 1000),
    });
    await eventually('the tasks', async () => {
      const { body: now } = await operator.get<BulkOperation>(`/bulk/${body.id}`);
      return now.state === 'done' || undefined;
    });
  }
}

describe('queues', () => {
  it('are listed, the most urgent first, with what they hold and how fast', async () => {
    const { body } = await operator.get<{ items: QueueDto[] }>('/queues');
    expect(body.items.map(({ name }) => name)).toEqual(['high', 'default', 'low']);
    expect(await queue('default')).toEqual({
      name: 'default',
      paused: false,
      waiting: 0,
      active: 0,
      scheduled: 0,
      failed: 0,
      succeeded: 0,
      oldestWaitingSeconds: null,
      consumers: 0,
      ratePerSecond: { in: 0.2, out: 0.1 },
    });
  });

  it('tell how long the oldest task has waited', async () => {
    await fill(2);
    const [oldest = ''] = await bull.list('low', 'wait');
    const redis = new Redis(environment.env.REDIS_URL ?? '');
    await redis.hset(`${environment.env.REDIS_PREFIX}:bull:low:${oldest}`, 'timestamp', Date.now() - 60_000);
    await redis.quit();
    const { waiting, oldestWaitingSeconds } = await queue('low');
    expect(waiting).toBe(2);
    expect(oldestWaitingSeconds).toBeGreaterThanOrEqual(60);
    expect(oldestWaitingSeconds).toBeLessThan(120);
  });

  it('are paused and resumed, and lose nothing', async () => {
    const before = await bull.list('low', 'wait');
    expect(await operator.post('/queues/low/pause')).toMatchObject({
      status: 200,
      body: { paused: true, waiting: 2 },
    });
    expect(await bull.list('low', 'paused')).toEqual(before);
    expect(await queue('low')).toMatchObject({ paused: true, waiting: 2 });
    expect(await operator.post('/queues/low/resume')).toMatchObject({
      status: 200,
      body: { paused: false, waiting: 2 },
    });
    expect(await bull.list('low', 'wait')).toEqual(before);
    expect(
      await environment.query(
        `SELECT detail FROM audit_entry WHERE action LIKE '%/low/pause' AND outcome = 'done'`,
      ),
    ).toEqual([{ detail: 'status 200: paused, 2 tasks wait' }]);
  });

  it('that there are not are refused', async () => {
    expect((await operator.get('/queues/none')).status).toBe(400);
  });
});

describe('draining a queue', () => {
  it('takes a confirmation, by the same key, once', async () => {
    const first = await admin.post<Drained>('/queues/low/drain');
    expect(first.body).toEqual({ drained: 0, remaining: 2, token: expect.any(String) as string });
    expect(await queue('low')).toMatchObject({ waiting: 2 });
    const token = first.body.token ?? '';
    expect(await admin.post('/queues/low/drain', { token: 'guessed' })).toMatchObject({
      status: 409,
      body: { code: 'queue.drain_unconfirmed' },
    });
    expect((await admin.post('/queues/high/drain', { token })).status).toBe(409);
    // The attempt has used it up.
    expect((await admin.post('/queues/low/drain', { token })).status).toBe(409);
    expect(await queue('low')).toMatchObject({ waiting: 2 });
  });

  it.each([false, true])(
    'revokes what waited then, oldest first, and nothing that came later (paused: %s)',
    async (paused) => {
      await fill(1250);
      if (paused) await operator.post('/queues/low/pause');
      const ids = await bull.list('low', paused ? 'paused' : 'wait');
      const { body: offer } = await admin.post<Drained>('/queues/low/drain');
      expect(offer.remaining).toBe(ids.length);
      const { body: late } = await operator.post<{ id: string }>('/tasks/low-1299/retry');
      const { body } = await admin.post<Drained>('/queues/low/drain', { token: offer.token });
      expect(body).toEqual({ drained: ids.length, remaining: 1, token: null });
      expect(await bull.list('low', paused ? 'paused' : 'wait')).toEqual([late.id]);
      for (const id of [ids[0] ?? '', ids.at(-1) ?? '']) {
        expect(await bull.envelope('low', id)).toBeUndefined();
        expect(await bull.tombstone(environment.env, id)).toBe('abort');
      }
      expect(await queue('low')).toMatchObject({ paused });
      expect(
        await environment.query(
          `SELECT detail FROM audit_entry WHERE detail LIKE '%tasks revoked%' ORDER BY id DESC LIMIT 1`,
        ),
      ).toEqual([{ detail: `status 200: ${ids.length} tasks revoked, 1 wait` }]);
    },
  );
});
