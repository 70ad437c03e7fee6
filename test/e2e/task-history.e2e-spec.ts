import 'reflect-metadata';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { HistoryTrimmer } from '../../src/platform/history/history-trimmer.js';
import { TaskHistory } from '../../src/platform/history/index.js';
import { TaskBuffer } from '../../src/platform/history/recording/task-buffer.js';
import { TaskWriter } from '../../src/platform/history/recording/task-writer.js';
import { type TaskEvent, TaskEvents } from '../../src/platform/queues/index.js';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { factsOf, happened, type HistoryNode, sent, startHistoryNode } from '../support/history-node.js';
import { type PgProxy, startPgProxy } from '../support/pg-proxy.js';
import { Program } from '../support/program.js';

let environment: TestEnvironment;
let proxy: PgProxy;
let node: HistoryNode;

beforeAll(async () => {
  environment = await createEnvironment();
  proxy = await startPgProxy(environment.env.DATABASE_URL!);
  node = await startHistoryNode({ ...environment.env, DATABASE_URL: proxy.url });
});

beforeEach(async () => node.reset());

afterAll(async () => {
  await node?.close();
  await proxy?.close();
  await environment?.dispose();
});

interface Row {
  id: string;
  state: string;
  [column: string]: unknown;
}

const rows = (): Promise<Row[]> => environment.query('SELECT * FROM task ORDER BY id');
const written = (id: string, state: string): Promise<Row> =>
  eventually(`${id} is ${state}`, async () =>
    (await rows()).find((row) => row.id === id && row.state === state),
  );

const telling = (count: number, type: string): Program =>
  new Program(process.execPath, ['test/support/write-history.mjs', String(count), type], {
    env: environment.env,
  });
/** A process of the compiled application can take a while to boot beside others. */
const told = (program: Program): Promise<true> =>
  program.until('it has told', async () => program.log.includes('told') || undefined, 60_000);

describe('the history of a task', () => {
  it('tells its whole life', async () => {
    node.emit(
      sent('a', { source: 'quotes' }, { correlationId: 'c', requestId: 'q', rootId: 'r', parentId: 'p' }),
      happened('received', 'a'),
      happened('started', 'a'),
      happened('progress', 'a', 1, { progress: { done: 1, total: 2 } }),
      happened('log', 'a', 1, { message: 'half way', fields: { page: 1 } }),
      happened('retry', 'a'),
    );
    expect(await written('a', 'retry')).toMatchObject({
      name: 'lab.noop',
      queue: 'default',
      args: { source: 'quotes' },
      payload: null,
      attempt: 1,
      starts: 1,
      worker: 'worker-1',
      progress: { done: 1, total: 2 },
      error_class: 'LabError',
      error_code: 'lab.failed',
      error_message: 'attempt 1 failed',
      fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/),
      correlation_id: 'c',
      request_id: 'q',
      root_id: 'r',
      parent_id: 'p',
      finished_at: null,
    });
    node.emit(happened('started', 'a', 2));
    expect(await written('a', 'active')).toMatchObject({
      worker: 'worker-2',
      attempt: 2,
      error_class: 'LabError',
    });
    node.emit(happened('progress', 'a', 2, { progress: { done: 2 } }));
    await eventually(
      'the progress',
      async () => ((await rows())[0]?.progress as { done: number })?.done === 2 || undefined,
    );
    node.emit(
      happened('succeeded', 'a', 2, { result: { pages: 2, token: 'x' } }),
      sent('child', {}, { parentId: 'a' }),
    );
    expect(await written('a', 'succeeded')).toMatchObject({
      result: { pages: 2, token: '[redacted]' },
      error_class: null,
      fingerprint: null,
      runtime_ms: 5,
      starts: 2,
    });
    await written('child', 'pending');

    const detail = await node.get(TaskHistory).get('a');
    expect(detail.attempts.map(({ start, outcome, worker }) => [start, outcome, worker])).toEqual([
      [1, 'retry', 'worker-1'],
      [2, 'succeeded', 'worker-2'],
    ]);
    expect(detail.attempts[0]).toMatchObject({ errorMessage: 'attempt 1 failed', trace: 'at lab' });
    expect(detail.logs).toMatchObject([{ message: 'half way', fields: { page: 1 }, start: 1 }]);
    expect(detail.children).toMatchObject([{ id: 'child', state: 'pending' }]);
    expect(detail.timeline.map(({ what }) => what)).toEqual(
      expect.arrayContaining(['enqueued', 'started', 'retry', 'succeeded']),
    );
    await expect(node.get(TaskHistory).get('nobody')).rejects.toThrow('There is no task "nobody"');
  });

  it('shows no secret, and keeps the payload as it was sent, whatever is in it', async () => {
    const payload = { password: 'x', text: 'a\0b\uD800c', url: 'https://u:p@h/' };
    node.emit(sent('a', payload));
    const row = await written('a', 'pending');
    expect(row.args).toEqual({
      password: '[redacted]',
      text: 'a\uFFFDb\uFFFDc',
      url: 'https://[redacted]@h/',
    });
    expect(await node.get(TaskHistory).payloadOf('a')).toEqual(payload);
    expect((await node.get(TaskHistory).get('a')).task).not.toHaveProperty('payload');
    node.emit(sent('b', { plain: 1 }));
    await written('b', 'pending');
    expect(await node.get(TaskHistory).payloadOf('b')).toEqual({ plain: 1 });
  });

  it('takes any JSON, and times and numbers of any size', async () => {
    const values = fc.sample(fc.tuple(fc.json(), fc.double(), fc.string({ unit: 'binary' })), 200);
    for (const [index, [json, number, text]] of values.entries()) {
      const task = factsOf(`f${index}`, JSON.parse(json), {
        correlationId: text,
        eta: number,
        expiresAt: number,
      });
      const envelope = { ...task.envelope, enqueuedAt: number, version: Math.abs(number) };
      node.emit({ type: 'sent', at: number, task: { ...task, envelope, name: text, maxAttempts: number } });
      node.emit(happened('failed', `f${index}`, 1, { failure: { class: text, message: text, trace: text } }));
      node.emit(happened('log', `f${index}`, 1, { message: text, fields: JSON.parse(json), at: number }));
    }
    await eventually('all of them', async () => (await rows()).length === values.length || undefined);
    expect(await node.metric('task_history_dropped_total')).toBe(0);
  });

  it('is written by whoever knows it, in whatever order processes tell it', async () => {
    const life = [
      'sent',
      'received',
      'started',
      'retry',
      'received',
      'started',
      'returned',
      'started',
      'succeeded',
    ];
    const starts = [0, 1, 1, 1, 2, 2, 2, 3, 3];
    const events = life.map((type, index) =>
      type === 'sent' ? sent('a') : happened(type as TaskEvent['type'], 'a', starts[index]),
    );
    const writer = node.get(TaskWriter);
    const placed = fc.tuple(...events.map((event) => fc.tuple(fc.constant(event), fc.nat({ max: 3 }))));
    await fc.assert(
      fc.asyncProperty(placed, fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 }), async (told, order) => {
        await environment.query('TRUNCATE task, task_attempt, task_log');
        const buffers = order.map(() => new TaskBuffer({ tasks: 10, bytes: 1e6 }));
        for (const [event, process] of told) buffers[process]!.add(event);
        const batches = order.map((process) => buffers[process]!.take({ tasks: 10, bytes: 1e6 }));
        for (const batch of batches) await writer.write(batch);
        // Once more, as after a commit of which nobody heard.
        await writer.write(batches[0]!);
        expect(await rows()).toMatchObject([
          { state: 'succeeded', starts: 3, attempt: 3, worker: 'worker-3' },
        ]);
        const attempts = await environment.query('SELECT outcome FROM task_attempt ORDER BY start');
        expect(attempts).toEqual([{ outcome: 'retry' }, { outcome: 'returned' }, { outcome: 'succeeded' }]);
      }),
      { numRuns: 40 },
    );
  });

  it('does not double the lines of a batch that is written again', async () => {
    const buffer = new TaskBuffer({ tasks: 10, bytes: 1e6 });
    for (const message of ['one', 'two']) buffer.add(happened('log', 'a', 1, { message }));
    const batch = buffer.take({ tasks: 10, bytes: 1e6 });
    for (let time = 0; time < 3; time++) await node.get(TaskWriter).write(batch);
    expect(await environment.query('SELECT message FROM task_log ORDER BY id')).toEqual([
      { message: 'one' },
      { message: 'two' },
    ]);
  });

  it('says that a task was withdrawn, also when another process has not yet told that it was sent', async () => {
    node.emit({ type: 'withdrawn', at: Date.now(), task: { id: 'a' } });
    // What is flushed next comes after the first look for the row.
    node.emit(sent('b'));
    await written('b', 'pending');
    node.emit(sent('a'));
    expect(await written('a', 'revoked')).toMatchObject({ finished_at: expect.any(Date) as Date });
    node.emit(happened('received', 'a'));
    node.emit(happened('succeeded', 'b'));
    await written('b', 'succeeded');
    expect((await rows())[0]).toMatchObject({ id: 'a', state: 'revoked' });
  });

  it('says that a task ended, even if it is said to be withdrawn or expired afterwards', async () => {
    node.emit(happened('succeeded', 'a'), happened('succeeded', 'b'));
    await written('b', 'succeeded');
    node.emit(
      { type: 'withdrawn', at: 1, task: { id: 'a' } },
      { type: 'expired', at: 1, task: factsOf('b') },
    );
    node.emit(sent('c'));
    await written('c', 'pending');
    expect(await rows()).toMatchObject([{ state: 'succeeded' }, { state: 'succeeded' }, {}]);
  });

  it('lacks only what PostgreSQL refuses, and says so', async () => {
    const before = await node.metric('task_history_dropped_total', 'unstorable');
    node.emit(sent('a'), sent('bad\0id'), sent('c'), sent('d'));
    await written('d', 'pending');
    expect((await rows()).map(({ id }) => id)).toEqual(['a', 'c', 'd']);
    expect(await node.metric('task_history_dropped_total', 'unstorable')).toBe(before + 1);
  });
});

describe('writing the history', () => {
  it('waits for a database that is away, and loses nothing', async () => {
    proxy.refuse();
    const failures = await node.metric('task_history_failures_total');
    node.emit(sent('a'), happened('started', 'a'));
    await eventually(
      'a failure',
      async () => (await node.metric('task_history_failures_total')) > failures || undefined,
    );
    node.emit(happened('succeeded', 'a'), sent('b'));
    proxy.allow();
    await written('a', 'succeeded');
    await written('b', 'pending');
    expect(await environment.query('SELECT outcome FROM task_attempt')).toEqual([{ outcome: 'succeeded' }]);
  });

  it('holds workers back while the database is away, and lets them go on when it is back', async () => {
    const events = node.get(TaskEvents);
    expect(events.full()).toBeUndefined();
    proxy.refuse();
    let told = 0;
    while (!events.full()) node.emit(happened('succeeded', `t${told++}`));
    expect(told).toBeGreaterThan(5000);
    const full = events.full();
    expect(await Promise.race([full, delay(50, 'still full')])).toBe('still full');
    proxy.allow();
    await full;
    await eventually('all rows', async () => {
      const [row] = await environment.query<{ count: number }>('SELECT count(*)::int AS count FROM task');
      return row?.count === told || undefined;
    });
    expect(await node.metric('task_history_dropped_total', 'sent')).toBe(0);
  });

  it('by several processes at once of the same tasks leaves each as the last event has it', async () => {
    const types = ['sent', 'started', 'succeeded'];
    const processes = types.map((type) => telling(3000, type));
    try {
      await Promise.all(processes.map(told));
    } finally {
      for (const each of processes) each.kill('SIGTERM');
    }
    expect(await Promise.all(processes.map((each) => each.exit()))).toEqual([0, 0, 0]);
    const states = await environment.query('SELECT state, count(*)::int AS tasks FROM task GROUP BY state');
    expect(states).toEqual([{ state: 'succeeded', tasks: 3000 }]);
    const attempts = await environment.query(
      'SELECT outcome, count(*)::int FROM task_attempt GROUP BY outcome',
    );
    expect(attempts).toEqual([{ outcome: 'succeeded', count: 3000 }]);
  }, 120_000);

  it('is finished before a process ends on SIGTERM', async () => {
    const program = telling(5000, 'succeeded');
    await told(program);
    program.kill('SIGTERM');
    expect(await program.exit()).toBe(0);
    const [row] = await environment.query('SELECT count(*)::int AS tasks FROM task');
    expect(row).toEqual({ tasks: 5000 });
  }, 120_000);
});

describe('old history', () => {
  it('is deleted with all that belongs to it, failures later than the rest', async () => {
    const ids = ['ok', 'bad', 'off', 'open'];
    node.emit(
      happened('log', 'ok', 1, { message: 'x' }),
      happened('succeeded', 'ok'),
      happened('failed', 'bad'),
    );
    node.emit({ type: 'expired', at: 1, task: factsOf('off') }, happened('started', 'open'), sent('new'));
    await written('new', 'pending');
    const age = (days: number) =>
      environment.query(
        `UPDATE task SET enqueued_at = now() - $1 * interval '1 day',
           finished_at = CASE WHEN finished_at IS NOT NULL THEN now() - $1 * interval '1 day' END WHERE id = ANY($2)`,
        [days, ids],
      );
    const left = async () => (await rows()).map(({ id }) => id);
    const trimmer = node.get(HistoryTrimmer);
    await age(13.9);
    await trimmer.runOnce();
    expect(await left()).toEqual(['bad', 'new', 'off', 'ok', 'open']);
    await age(14.1);
    await Promise.all([trimmer.runOnce(), trimmer.runOnce()]);
    expect(await left()).toEqual(['bad', 'new', 'open']);
    expect(await environment.query('SELECT task_id FROM task_attempt ORDER BY 1')).toEqual([
      { task_id: 'bad' },
      { task_id: 'open' },
    ]);
    expect(await environment.query('SELECT 1 FROM task_log')).toEqual([]);
    await age(60.1);
    await trimmer.runOnce();
    expect(await left()).toEqual(['new', 'open']);
  });
});
