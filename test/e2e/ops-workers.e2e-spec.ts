import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { QueueDto } from '../../src/operations/control/queues/queue.dto.js';
import type { WorkerDetailDto, WorkerDto } from '../../src/operations/control/workers/worker.dto.js';
import { eventually } from '../support/eventually.js';
import { Judge } from '../support/fuzz/judge.js';
import type { OpenApiDocument } from '../support/fuzz/openapi.js';
import type { FuzzAnswer } from '../support/fuzz/send.js';
import { asking, Ops } from '../support/ops.js';
import { labTasks } from '../support/task-lab/lab-tasks.js';
import { type LabProcess, TaskLab } from '../support/task-lab/task-lab.js';
import { bearer } from '../support/test-key.js';

let lab: TaskLab;
let viewer: Ops;
let operator: Ops;
let admin: Ops;
/** Stays for all tests. */
let worker: LabProcess;
let id: string;

interface Outcome {
  replies: { workerId: string; ok: boolean; result?: Record<string, unknown>; error?: { code: string } }[];
  silent: string[];
  everywhere?: boolean;
}
interface Workers {
  items: WorkerDto[];
  nextCursor: string | null;
}

beforeAll(async () => {
  lab = await TaskLab.open();
  viewer = new Ops(lab.url, 'viewer');
  operator = new Ops(lab.url, 'operator');
  admin = new Ops(lab.url, 'admin');
});
afterAll(async () => lab?.[Symbol.asyncDispose]());

const list = async (parameters: Record<string, string> = {}): Promise<Workers> =>
  (await viewer.get<Workers>(asking('/workers', parameters))).body;

/** Until the registry knows the process. */
const known = async ({ pid }: LabProcess, state = 'online'): Promise<WorkerDto> =>
  eventually(`the worker to be ${state}`, async () =>
    (await list({ limit: '100' })).items.find((each) => each.pid === pid && each.state === state),
  );

const audited = async (action: string) =>
  lab.environment.query<{ outcome: string; key_id: string; detail: string }>(
    'SELECT outcome, key_id, detail FROM audit_entry WHERE action = $1 ORDER BY id DESC LIMIT 1',
    [`POST /api/v1/ops/workers${action}`],
  );

const consumers = async (): Promise<Record<string, number>> => {
  const { body } = await viewer.get<{ items: QueueDto[] }>('/queues');
  return Object.fromEntries(body.items.map((queue) => [queue.name, queue.consumers]));
};

describe('while no worker is online', () => {
  it('there is none, and nobody answers', async () => {
    expect(await list()).toEqual({ items: [], nextCursor: null });
    expect((await viewer.get('/workers/inspect/ping')).body).toEqual({ replies: [], silent: [] });
    expect(await consumers()).toEqual({ high: 0, default: 0, low: 0 });
  });

  it.each([
    ['rate-limit', { rate: '1/d' }, { rates: new Map([['lab.work', '1/d']]) }],
    [
      'time-limit',
      { limits: { softMs: 5, hardMs: 9 } },
      { times: new Map([['lab.work', { softMs: 5, hardMs: 9 }]]) },
    ],
  ])('a %s is set all the same, and is taken back', async (type, limit, set) => {
    const command = { type, task: 'lab.work', ...limit };
    const { status, body } = await operator.post<Outcome>('/workers/commands', { command });
    expect({ status, body }).toEqual({ status: 200, body: { replies: [], silent: [], everywhere: true } });
    expect(await lab.limits.all()).toMatchObject(set);
    const none = Object.fromEntries(Object.keys(limit).map((name) => [name, null]));
    await operator.post('/workers/commands', { command: { ...command, ...none } });
    expect(await lab.limits.all()).toEqual({ rates: new Map(), times: new Map() });
  });

  it('a limit of a task that there is not is refused', async () => {
    const command = { type: 'rate-limit', task: 'lab.wrok', rate: '1/d' };
    expect(await operator.post('/workers/commands', { command })).toMatchObject({
      status: 404,
      body: { code: 'workers.unknown_task', detail: expect.stringContaining('"lab.wrok"') as string },
    });
    expect((await lab.limits.all()).rates.size).toBe(0);
  });
});

describe('workers', () => {
  beforeAll(async () => {
    worker = await lab.launch({ WORKER_CONCURRENCY: '4' });
    ({ id } = await known(worker));
  });

  it('are told of with all that the registry knows', async () => {
    const { items } = await list();
    expect(items).toEqual([
      {
        id,
        state: 'online',
        host: expect.any(String) as string,
        pid: worker.pid,
        version: expect.stringMatching(/^\d+\.\d+\.\d+/) as string,
        mode: 'worker',
        startedAt: expect.any(String) as string,
        heardAt: expect.any(String) as string,
        silentSeconds: expect.any(Number) as number,
        queues: ['high', 'default', 'low'].map((name) => ({ name, consuming: true })),
        concurrency: 4,
        autoscale: null,
        paused: false,
        draining: false,
        activeCount: 0,
        reservedCount: 0,
        totals: { processed: 0, succeeded: 0, failed: 0, retried: 0, revoked: 0 },
        rssBytes: expect.any(Number) as number,
        cpu: expect.any(Number) as number,
        eventLoopLagMs: expect.any(Number) as number,
      },
    ]);
    const [startedAt, heardAt] = [items[0]?.startedAt, items[0]?.heardAt].map((time) =>
      Date.parse(time ?? ''),
    );
    expect(Math.abs(Date.now() - Number(heardAt))).toBeLessThan(30_000);
    expect(Number(startedAt)).toBeLessThan(Number(heardAt));
  });

  it('are seen with the tasks that they run, and nothing of what those were given', async () => {
    await lab.tasks.enqueue(labTasks.work, { ms: 60_000, password: 'hush' }, { id: 'seen' });
    await lab.reached('begun', 1);
    const detail = await eventually('a heartbeat that tells of it', async () => {
      const { body } = await viewer.get<WorkerDetailDto>(`/workers/${id}`);
      return body.activeCount === 1 ? body : undefined;
    });
    const task = { id: 'seen', name: 'lab.work', queue: 'default', attempt: 1, start: 1, pid: null };
    expect(detail.active).toMatchObject([task]);
    expect(Math.abs(Date.now() - Date.parse(detail.active[0]?.startedAt ?? ''))).toBeLessThan(60_000);
    const { body } = await viewer.get<Outcome>('/workers/inspect/active');
    expect(body.replies).toMatchObject([
      { workerId: id, ok: true, result: { count: 1, tasks: [{ id: 'seen', name: 'lab.work' }] } },
    ]);
    expect(JSON.stringify([detail, body])).not.toContain('hush');
    await operator.post('/tasks/seen/revoke');
  });

  it('answer each question', async () => {
    for (const [what, result] of [
      ['ping', { pong: true }],
      ['stats', { pid: worker.pid }],
      [
        'conf',
        {
          settings: expect.arrayContaining([
            expect.objectContaining({ name: 'DATABASE_URL', value: '[redacted]' }),
          ]) as object,
        },
      ],
      [
        'registered',
        { tasks: expect.arrayContaining([expect.objectContaining({ name: 'lab.work' })]) as object },
      ],
      ['reserved', { count: 0 }],
      ['scheduled', { count: 0 }],
    ] as const) {
      const { status, body } = await viewer.get<Outcome>(`/workers/${id}/inspect/${what}`);
      expect(status, what).toBe(200);
      expect(body, what).toMatchObject({ replies: [{ workerId: id, ok: true, result }], silent: [] });
    }
  });

  it('answer, and are shown, as the OpenAPI document says', async () => {
    const fetched = async (path: string): Promise<FuzzAnswer> => {
      const answer = await fetch(lab.url + path, { headers: bearer('viewer') });
      return {
        status: answer.status,
        headers: Object.fromEntries(answer.headers),
        body: await answer.text(),
      };
    };
    const judge = new Judge(JSON.parse((await fetched('/docs/openapi.json')).body) as OpenApiDocument);
    await lab.tasks.enqueue(labTasks.isolated, { do: 'wait' }, { id: 'alone' });
    await operator.post(`/workers/${id}/commands`, {
      command: { type: 'pool.autoscale', bounds: { min: 4, max: 4 } },
    });
    await eventually('the process of the task', async () => {
      const { body } = await viewer.get<WorkerDetailDto>(`/workers/${id}`);
      return body.autoscale && body.active.some(({ pid }) => pid !== null) ? true : undefined;
    });
    const questions = ['ping', 'stats', 'conf', 'registered', 'active', 'reserved', 'scheduled'];
    for (const path of ['', `/${id}`, ...questions.map((what) => `/inspect/${what}`)]) {
      const target = `/api/v1/ops/workers${path}`;
      const request = { method: 'GET', target, headers: {}, body: undefined, valid: true };
      expect(judge.faults(request, await fetched(target)), path).toEqual([]);
    }
    await operator.post('/tasks/alone/revoke', { terminate: true });
    await operator.post(`/workers/${id}/commands`, { command: { type: 'pool.autoscale', bounds: null } });
  });

  it('that there are not are 404, or silent when they are named among others', async () => {
    for (const path of ['/workers/nobody', '/workers/nobody/inspect/ping'])
      expect(await viewer.get(path)).toMatchObject({ status: 404, body: { code: 'not_found' } });
    for (const path of ['/workers/nobody/commands', '/workers/nobody/shutdown'])
      expect(
        (await admin.post(path, path.endsWith('commands') ? { command: { type: 'pause' } } : {})).status,
      ).toBe(404);
    const named = new URLSearchParams([
      ['worker', id],
      ['worker', 'nobody'],
      ['timeoutSeconds', '0.3'],
    ]);
    const { body } = await viewer.get<Outcome>(`/workers/inspect/ping?${named.toString()}`);
    expect(body).toMatchObject({ replies: [{ workerId: id }], silent: ['nobody'] });
  });

  it('do what they are told, at once, and it is in the audit', async () => {
    const command = { type: 'pool.grow', by: 3 };
    const { status, body } = await operator.post<Outcome>('/workers/commands', { command });
    expect(status).toBe(200);
    expect(body).toEqual({
      replies: [{ workerId: id, ok: true, result: { concurrency: 7 } }],
      silent: [],
      everywhere: false,
    });
    expect(await audited('/commands')).toEqual([
      {
        outcome: 'done',
        key_id: 'testoperat00',
        detail: `status 200: {"type":"pool.grow","by":3}: silent 0, refused by 0, done by 1 (${id})`,
      },
    ]);
    await operator.post(`/workers/${id}/commands`, { command: { type: 'pool.resize', to: 4 } });
    expect(await audited(`/${id}/commands`)).toMatchObject([
      { detail: expect.stringContaining('"pool.resize","to":4}: silent 0') as string },
    ]);
    const { body: stats } = await viewer.get<Outcome>(`/workers/${id}/inspect/stats`);
    expect(stats.replies[0]?.result).toMatchObject({ concurrency: 4 });
  });

  it('say when they cannot do it', async () => {
    const command = { type: 'rate-limit', task: 'lab.wrok', rate: '1/d' };
    const answer = await operator.post('/workers/commands', { command });
    expect(answer).toMatchObject({ status: 404, body: { code: 'workers.unknown_task' } });
    expect(await audited('/commands')).toMatchObject([{ outcome: 'failed' }]);
  });

  it('are counted as consumers of the queues from which they take tasks', async () => {
    expect(await consumers()).toEqual({ high: 1, default: 1, low: 1 });
    const tell = async (command: object): Promise<unknown> => operator.post('/workers/commands', { command });
    const become = async (wanted: object): Promise<void> => {
      await eventually('the heartbeat', async () =>
        JSON.stringify(await consumers()) === JSON.stringify(wanted) ? true : undefined,
      );
    };
    await tell({ type: 'queue.cancel-consumer', queue: 'low' });
    await become({ high: 1, default: 1, low: 0 });
    expect((await list({ queue: 'low' })).items).toEqual([]);
    expect((await list({ queue: 'high' })).items).toHaveLength(1);
    await tell({ type: 'pause' });
    await become({ high: 0, default: 0, low: 0 });
    await tell({ type: 'resume' });
    await tell({ type: 'queue.add-consumer', queue: 'low' });
    await become({ high: 1, default: 1, low: 1 });
  });

  it.each<[string, object, string, string]>([
    ['/workers/commands', {}, 'command', 'expected one of pool.grow'],
    ['/workers/commands', { command: { type: 'dance' } }, 'command.type', 'got "dance"'],
    ['/workers/commands', { command: { type: 'ping' } }, 'command.type', 'got "ping"'],
    ['/workers/commands', { command: { type: 'shutdown' } }, 'command.type', 'got "shutdown"'],
    [
      '/workers/commands',
      { command: { type: 'revoke', ids: ['a'], how: 'abort' } },
      'command.type',
      'got "revoke"',
    ],
    [
      '/workers/commands',
      { command: { type: 'pool.grow', by: 0 } },
      'command.by',
      'a whole number from 1 to 3000, got 0',
    ],
    [
      '/workers/commands',
      { command: { type: 'pool.grow' } },
      'command.by',
      'a whole number from 1 to 3000, got nothing',
    ],
    [
      '/workers/commands',
      { command: { type: 'pool.autoscale', bounds: { min: 2, max: 1 } } },
      'command.bounds',
      'not below min',
    ],
    [
      '/workers/commands',
      { command: { type: 'queue.add-consumer', queue: 'x' } },
      'command.queue',
      'high, default, low, got "x"',
    ],
    [
      '/workers/commands',
      { command: { type: 'rate-limit', task: 'lab.work', rate: 'fast' } },
      'command.rate',
      '10/m, got "fast"',
    ],
    ['/workers/commands', { command: { type: 'pause' }, workers: [] }, 'workers', 'the id of a worker'],
    [
      '/workers/commands',
      { command: { type: 'pause' }, workers: Array.from({ length: 101 }, () => 'a') },
      'workers',
      'at most 100',
    ],
    [
      '/workers/commands',
      { command: { type: 'pause' }, timeoutSeconds: 21 },
      'timeoutSeconds',
      'expected 0.1 to 20 seconds, got 21',
    ],
    ['/workers/commands', { command: { type: 'pause' }, worker: 'a' }, 'worker', 'not known here'],
    // Nobody means all workers by a field that was left out.
    ['/workers/shutdown', {}, 'workers', 'expected the ids of workers, got nothing'],
  ])('are not bothered with what is wrong: %s %j', async (path, body, field, message) => {
    const answer = await admin.post<{ errors: { field: string; message: string }[] }>(path, body);
    expect(answer.status).toBe(400);
    expect(answer.body.errors).toEqual([{ field, message: expect.stringContaining(message) as string }]);
  });

  it.each([
    ['/workers?state=asleep', 'state', 'online, offline, stopped'],
    ['/workers?queue=lowest', 'queue', 'high, default, low'],
    ['/workers?limit=101', 'limit', '1 to 100'],
    ['/workers?cursor=x', 'cursor', 'nextCursor'],
    ['/workers/inspect/dance', 'what', 'ping, stats, conf'],
    ['/workers/inspect/ping?timeoutSeconds=soon', 'timeoutSeconds', '0.1 to 20'],
    ['/workers/inspect/ping?who=me', 'who', 'not known here'],
  ])('%s is refused', async (path, field, message) => {
    const { status, body } = await viewer.get<{ errors: object[] }>(path);
    expect(status).toBe(400);
    expect(body.errors).toEqual([{ field, message: expect.stringContaining(message) as string }]);
  });
});

describe('several workers', () => {
  let other: LabProcess;
  let otherId: string;
  beforeAll(async () => {
    other = await lab.launch();
    ({ id: otherId } = await known(other));
  });

  it('are listed page by page, and by their state', async () => {
    const first = await list({ limit: '1' });
    const second = await list({ limit: '1', cursor: first.nextCursor ?? '' });
    expect([...first.items, ...second.items].map((each) => each.id)).toEqual([id, otherId].sort());
    expect(second.nextCursor).toBeNull();
    expect((await list({ state: 'stopped' })).items).toEqual([]);
  });

  it('that were named are told, and the others are not', async () => {
    const { body } = await operator.post<Outcome>('/workers/commands', {
      command: { type: 'pause' },
      workers: [otherId],
    });
    expect(body.replies).toEqual([{ workerId: otherId, ok: true, result: { paused: true } }]);
    const { body: stats } = await viewer.get<Outcome>('/workers/inspect/stats');
    const paused = Object.fromEntries(
      stats.replies.map(({ workerId, result }) => [workerId, result?.paused]),
    );
    expect(paused).toEqual({ [id]: false, [otherId]: true });
    await operator.post(`/workers/${otherId}/commands`, { command: { type: 'resume' } });
  });

  it('are told apart by who answers and who is silent', async () => {
    other.kill('SIGSTOP');
    try {
      const { body } = await operator.post<Outcome>('/workers/commands', {
        command: { type: 'pool.shrink', by: 1 },
        timeoutSeconds: 1,
      });
      expect(body).toMatchObject({ replies: [{ workerId: id, ok: true }], silent: [otherId] });
      expect((await audited('/commands'))[0]?.detail).toContain(
        `silent 1 (${otherId}), refused by 0, done by 1`,
      );
    } finally {
      other.kill('SIGCONT');
    }
    // What it found after its time was not carried out.
    const { body } = await viewer.get<Outcome>(`/workers/${otherId}/inspect/stats?timeoutSeconds=20`);
    expect(body.replies[0]?.result).toMatchObject({ concurrency: 10 });
  });

  it('a limit holds for all of them, whoever is told', async () => {
    const command = { type: 'rate-limit', task: 'lab.work-high', rate: '1/d' };
    const { body } = await operator.post<Outcome>(`/workers/${otherId}/commands`, { command });
    expect(body).toMatchObject({ everywhere: true, replies: [{ ok: true, result: { rate: '1/d' } }] });
    expect((await lab.limits.all()).rates.get('lab.work-high')).toBe('1/d');
  });

  it('shutting down takes an admin, ends those that are named warmly, and is in the audit', async () => {
    expect((await operator.post('/workers/shutdown', { workers: [otherId] })).status).toBe(403);
    expect((await operator.post(`/workers/${otherId}/shutdown`)).status).toBe(403);
    const { body } = await admin.post<Outcome>('/workers/shutdown', { workers: [otherId] });
    expect(body).toMatchObject({ replies: [{ workerId: otherId, result: { shuttingDown: true } }] });
    expect(await other.exit(), other.log).toBe(0);
    expect(await known(other, 'stopped')).toMatchObject({ id: otherId });
    expect((await list({ state: 'online' })).items.map((each) => each.id)).toEqual([id]);
    expect((await audited('/shutdown'))[0]).toMatchObject({
      key_id: 'testadmin000',
      detail: expect.stringContaining(
        `"shutdown"}: silent 0, refused by 0, done by 1 (${otherId})`,
      ) as string,
    });
    expect((await admin.post<Outcome>(`/workers/${id}/shutdown`)).body.replies).toHaveLength(1);
    expect(await worker.exit(), worker.log).toBe(0);
  });
});

describe('a worker that starts later', () => {
  it('heeds the limit that was set while there was none', async () => {
    const command = { type: 'rate-limit', task: 'lab.work-low', rate: '1/d' };
    expect((await operator.post<Outcome>('/workers/commands', { command })).body).toMatchObject({
      replies: [],
      everywhere: true,
    });
    await lab.environment.query('TRUNCATE lab_effect');
    await lab.tasks.enqueueMany(labTasks.workLow, [{}, {}, {}]);
    await lab.start();
    await lab.reached('ended', 1);
    // The two others wait for their turns, tomorrow.
    await eventually('the others to be put off', async () => {
      const { body } = await viewer.get<QueueDto>('/queues/low');
      return body.scheduled === 2 && body.waiting === 0 ? true : undefined;
    });
    expect(await lab.effects('begun')).toHaveLength(1);
  });
});
