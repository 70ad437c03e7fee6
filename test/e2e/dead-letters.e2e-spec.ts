import 'reflect-metadata';
import { DataSource } from 'typeorm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { InvalidInputError, NotFoundError } from '../../src/core/errors/index.js';
import { DeadLetterSweeper } from '../../src/platform/history/dead-letters/dead-letter-sweeper.js';
import { HistoryTrimmer } from '../../src/platform/history/history-trimmer.js';
import { MOST_COUNTED, WINDOW } from '../../src/platform/history/dead-letters/dead-letters.js';
import { DeadLetterReplayer, DeadLetters } from '../../src/platform/history/index.js';
import { TaskQueue } from '../../src/platform/queues/index.js';
import { QueueUnavailableError } from '../../src/platform/queues/queues.errors.js';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { costOf } from '../support/explain.js';
import { GleanerProcess } from '../support/gleaner-process.js';
import {
  beginJob,
  failJob,
  happened,
  type HistoryNode,
  sent,
  startHistoryNode,
} from '../support/history-node.js';
import { Program } from '../support/program.js';

let environment: TestEnvironment;
let node: HistoryNode;
let letters: DeadLetters;
let replayer: DeadLetterReplayer;

beforeAll(async () => {
  environment = await createEnvironment();
  node = await startHistoryNode(environment.env);
  letters = node.get(DeadLetters);
  replayer = node.get(DeadLetterReplayer);
});

beforeEach(async () => node.reset());

afterAll(async () => {
  await node?.close();
  await environment?.dispose();
});

const sweep = () => node.get(DeadLetterSweeper).runOnce();
const idsOf = async (filter = {}) => (await letters.list(filter, 100)).letters.map(({ taskId }) => taskId);
const waiting = async () => (await node.queue.getWaiting()).map(({ id }) => String(id)).sort();

/** What metrics tell is read at most once a second. */
const inMetrics = async (queue: string, count: number) =>
  eventually(`${count} dead letters of ${queue} in the metrics`, async () =>
    (await node.metric('dead_letters', queue)) === count ? true : undefined,
  );

/** Letters of jobs that have failed with these messages, named by their place. */
async function letterOf(...messages: string[]): Promise<void> {
  for (const [index, message] of messages.entries()) await failJob(node.queue, `t${index}`, { message });
  await sweep();
}

describe('what has failed for good', () => {
  it('goes from its queue into PostgreSQL, with all that is needed to repeat it', async () => {
    const payload = { id: 7, apiKey: 'x' };
    const failure = {
      class: 'FetchError',
      code: 'fetch.status',
      message: 'status 500 of https://u:p@h/',
      trace: 'at a',
    };
    await failJob(node.queue, 'a', { payload, headers: { rootId: 'r', correlationId: 'c' }, failure });
    await sweep();
    expect(await node.queue.getJobCounts()).toMatchObject({ failed: 0, waiting: 0, active: 0 });
    expect(await node.queue.getJob('a')).toBeNull();
    const [row] = await environment.query('SELECT * FROM dead_letter');
    expect(row).toMatchObject({
      task_id: 'a',
      name: 'lab.noop',
      queue: 'default',
      envelope: { version: 1, payload, headers: { rootId: 'r', correlationId: 'c' } },
      options: { maxAttempts: 3, backoff: { baseMs: 10, maxMs: 20 } },
      args: { id: 7, apiKey: '[redacted]' },
      attempts: 1,
      error_class: 'FetchError',
      error_code: 'fetch.status',
      error_message: 'status 500 of https://[redacted]@h/',
      trace: 'at a',
      replayed_at: null,
    });
    const [task] = await environment.query(`SELECT * FROM task`);
    expect(task).toMatchObject({
      id: 'a',
      state: 'failed',
      error_class: 'FetchError',
      starts: 1,
      root_id: 'r',
    });
    expect(await letters.get('a')).toMatchObject({ taskId: 'a', trace: 'at a' });
    expect(await letters.get('a')).not.toHaveProperty('envelope');
    await expect(letters.get('b')).rejects.toThrow(NotFoundError);
  });

  it('is known as stalled when its workers died again and again', async () => {
    node.emit(sent('a'), happened('started', 'a'));
    await beginJob(node.queue, 'a');
    await eventually('the attempt', async () => (await environment.query('SELECT 1 FROM task_attempt'))[0]);
    // What Bull does after the third time.
    const { client } = node.queue;
    await client.lrem(node.queue.toKey('active'), 1, 'a');
    await client.zadd(node.queue.toKey('failed'), Date.now(), 'a');
    const fields = {
      failedReason: 'job stalled more than allowable limit',
      finishedOn: Date.now(),
      stalledCounter: 4,
    };
    await client.hset(node.queue.toKey('a'), fields);
    await sweep();
    expect(await letters.get('a')).toMatchObject({
      errorClass: 'TaskStalledError',
      errorCode: 'task.stalled',
    });
    expect(await environment.query('SELECT state, error_class FROM task')).toEqual([
      { state: 'failed', error_class: 'TaskStalledError' },
    ]);
    expect(await environment.query('SELECT outcome FROM task_attempt')).toEqual([{ outcome: 'lost' }]);
  });

  it('bears a job that no release has written, and an id without a job', async () => {
    await node.queue.client.zadd(node.queue.toKey('failed'), 1, 'nothing', 2, 'odd');
    await node.queue.client.hset(node.queue.toKey('odd'), {
      data: '{"a":"\\u0000"',
      opts: '[]',
      finishedOn: '1e300',
    });
    await sweep();
    expect(await idsOf()).toEqual(['odd']);
    expect(await node.queue.getFailedCount()).toBe(0);
  });

  it('is as it failed last, when somebody took it up in Bull and it failed again', async () => {
    await letterOf('first');
    await failJob(node.queue, 't0', { message: 'second' });
    await sweep();
    expect(await letters.get('t0')).toMatchObject({ errorMessage: 'second' });
    expect(await idsOf()).toEqual(['t0']);
  });

  it('stays on its queue when somebody takes it up while it is swept', async () => {
    await failJob(node.queue, 'a');
    const client = node.queue.client;
    const evaluate = client.eval.bind(client);
    client.eval = (async (...args: Parameters<typeof evaluate>) => {
      client.eval = evaluate;
      await (await node.queue.getJob('a'))?.retry();
      return evaluate(...args);
    }) as typeof evaluate;
    await sweep();
    expect(await waiting()).toEqual(['a']);
  });

  it('is swept by the next, once, when a scheduler is killed in between', async () => {
    for (const id of ['a', 'b', 'c']) await failJob(node.queue, id);
    const killed = new Program(process.execPath, ['test/support/sweep-dead-letters.mjs'], {
      env: { ...environment.env, MODE: 'scheduler' },
    });
    await killed.until('it is in between', async () => killed.log.includes('between') || undefined, 60_000);
    killed.kill('SIGKILL');
    await killed.exit();
    expect(await idsOf()).toHaveLength(3);
    expect(await node.queue.getFailedCount()).toBe(3);
    await sweep();
    expect((await idsOf()).sort()).toEqual(['a', 'b', 'c']);
    expect(await node.queue.getFailedCount()).toBe(0);
  }, 120_000);

  it('is swept once by several schedulers at once', async () => {
    const env = { ...environment.env, MODE: 'scheduler', LOG_LEVEL: 'info' };
    const schedulers = Array.from({ length: 3 }, () => GleanerProcess.spawn(env));
    try {
      await Promise.all(schedulers.map((each) => each.listening(60_000)));
      await failJob(node.queue, 'pattern');
      await copyFailed('pattern', 3000);
      const empty = async (): Promise<true | undefined> =>
        (await node.queue.getFailedCount()) === 0 || undefined;
      await Promise.all([eventually('an empty set', empty, 60_000), sweep(), sweep()]);
    } finally {
      for (const each of schedulers) each.kill('SIGTERM');
    }
    expect(await Promise.all(schedulers.map((each) => each.exit()))).toEqual([0, 0, 0]);
    expect(await letters.count({})).toBe(3001);
    // The schedulers send their heartbeats, too, which nobody takes here.
    const states = `SELECT state, count(*)::int AS tasks FROM task WHERE name <> 'beat.heartbeat' GROUP BY state`;
    expect(await environment.query(states)).toEqual([{ state: 'failed', tasks: 3001 }]);
    expect(await node.queue.client.keys(node.queue.toKey('t*'))).toEqual([]);
  }, 150_000);
});

/** Many at once, so that all who sweep meet. */
async function copyFailed(pattern: string, count: number): Promise<void> {
  const { client } = node.queue;
  const hash = await client.hgetall(node.queue.toKey(pattern));
  const pipeline = client.multi();
  for (let n = 0; n < count; n++) {
    pipeline.hset(node.queue.toKey(`t${n}`), hash);
    pipeline.zadd(node.queue.toKey('failed'), Number(hash.finishedOn), `t${n}`);
  }
  await pipeline.exec();
}

describe('dead letters', () => {
  it('are found by what they have in common', async () => {
    await letterOf('status 500', 'status 503', 'timed out');
    const [group, other] = await letters.groups({});
    expect(group).toMatchObject({ count: 2, names: ['lab.noop'], errorClass: 'LabError', exampleId: 't1' });
    expect(other).toMatchObject({ count: 1, exampleId: 't2', errorMessage: 'timed out' });
    expect(await idsOf({ fingerprint: group?.fingerprint })).toEqual(['t1', 't0']);
    expect(await idsOf({ ids: ['t0', 't2'], name: 'lab.noop', queue: 'default', replayed: false })).toEqual([
      't2',
      't0',
    ]);
    expect(await idsOf({ name: 'other' })).toEqual([]);
    expect(await idsOf({ failedBefore: new Date(0) })).toEqual([]);
    expect(await letters.count({ failedAfter: new Date(0) })).toBe(3);
    const { letters: first, next } = await letters.list({}, 1);
    expect(first.map(({ taskId }) => taskId)).toEqual(['t2']);
    const second = await letters.list({}, 5, next);
    expect(second.letters.map(({ taskId }) => taskId)).toEqual(['t1', 't0']);
    expect(second.next).toBeUndefined();
  });

  it('are looked for in a bounded number of rows, also what is rare, and all of them are found', async () => {
    await environment.query(
      `INSERT INTO dead_letter (task_id, name, queue, envelope, args, attempts, options, error_class, error_message,
         fingerprint, failed_at)
       SELECT 't' || n, 'task-' || n % 3, CASE WHEN n % 4000 = 1 THEN 'low' ELSE 'default' END, '{}', '{}', 1, '{}',
         CASE WHEN n % 4000 = 1 THEN 'RareError' ELSE 'UsualError' END, 'x', 'print-' || n % 50,
         now() - n * interval '1 second'
       FROM generate_series(1, 20000) n`,
    );
    await environment.query('VACUUM ANALYZE dead_letter');
    const filters = [
      {},
      { errorClass: 'RareError' },
      { errorClass: 'NoError' },
      { queue: 'low' },
      { replayed: true },
      { name: 'task-1', errorClass: 'NoError' },
      { fingerprint: 'print-7', name: 'task-2' },
      { fingerprint: 'none' },
      { failedBefore: new Date(Date.now() - 15_000_000), errorClass: 'RareError' },
    ] as const;
    for (const filter of filters) {
      const pages: Awaited<ReturnType<DeadLetters['list']>>[] = [];
      do {
        const after = pages.at(-1)?.next;
        const cost = await costOf(node.get(DataSource), async (explaining) =>
          pages.push(await new DeadLetters(explaining).list(filter, 100, after)),
        );
        expect(cost.rows, JSON.stringify(filter)).toBeLessThanOrEqual(1.1 * WINDOW);
        expect(cost.scanned, JSON.stringify(filter)).toEqual([]);
      } while (pages.at(-1)?.next);
      const found = pages.flatMap((page) => page.letters.map(({ taskId }) => taskId));
      expect(found, JSON.stringify(filter)).toHaveLength(await letters.count(filter));
      expect(new Set(found).size).toBe(found.length);
    }
    expect(await letters.count({ errorClass: 'RareError' })).toBe(5);
  });

  it('that nobody has repeated are counted by queue, of an index alone, and no further than anybody cares', async () => {
    await environment.query(
      `INSERT INTO dead_letter (task_id, name, queue, envelope, args, attempts, options, error_class, error_message,
         fingerprint, failed_at, replayed_at)
       SELECT 't' || n, 'task', CASE WHEN n % 4000 = 1 THEN 'low' ELSE 'default' END, '{}', '{}', 1, '{}', 'E', 'x',
         'f', now(), CASE WHEN n % 2 = 0 THEN now() END
       FROM generate_series(1, 40000) n`,
    );
    await environment.query('VACUUM ANALYZE dead_letter');
    let counts: unknown;
    const cost = await costOf(node.get(DataSource), async (explaining) => {
      counts = await new DeadLetters(explaining).unrepeated();
    });
    expect(counts).toEqual([
      ['high', 0],
      ['default', MOST_COUNTED],
      ['low', 10],
    ]);
    expect(new Set(cost.indexes)).toEqual(new Set(['ix_dead_letter_unrepeated']));
    expect(cost.scanned).toEqual([]);
    expect(cost.rows).toBeLessThanOrEqual(MOST_COUNTED + 11);
  });

  it('are in the metrics until somebody repeats or forgets them', async () => {
    await letterOf('one', 'two', 'three');
    await inMetrics('default', 3);
    expect(await node.metric('dead_letters', 'high')).toBe(0);
    await replayer.replayOne('t0');
    await inMetrics('default', 2);
    await letters.purge({ ids: ['t1', 't2'] });
    await inMetrics('default', 0);
  });

  it('are forgotten in their order, no more than was said', async () => {
    await letterOf('one', 'two', 'three');
    expect(await letters.purge({ name: 'lab.noop' }, { most: 2 })).toBe(2);
    expect(await idsOf()).toEqual(['t2']);
    expect(await letters.purge({}, { signal: AbortSignal.abort() })).toBe(0);
    expect(await letters.purge({}, { most: 5 })).toBe(1);
  });

  it('are forgotten when somebody says so, or when they are old', async () => {
    await letterOf('status 500', 'status 503', 'timed out');
    expect(await letters.purge({ ids: ['t0'] })).toBe(1);
    expect(await letters.purge({ ids: ['t0'] })).toBe(0);
    await environment.query(
      `UPDATE dead_letter SET failed_at = now() - interval '91 days' WHERE task_id = 't1'`,
    );
    await node.get(HistoryTrimmer).runOnce();
    expect(await idsOf()).toEqual(['t2']);
  });
});

describe('repeating dead letters', () => {
  it('one by one tells the task that repeats it, however many ask at once', async () => {
    await letterOf('down');
    const answers = await Promise.all([1, 2, 3].map(() => replayer.replayOne('t0')));
    expect(answers.map(({ id }) => id)).toEqual(['t0-r1', 't0-r1', 't0-r1']);
    expect(answers.filter(({ created }) => created)).toHaveLength(1);
    expect(await waiting()).toEqual(['t0-r1']);
    // Also when nothing but the letter knows of it any more.
    await (await node.queue.getJob('t0-r1'))?.remove();
    expect(await replayer.replayOne('t0')).toEqual({ id: 't0-r1', created: false });
    expect(await waiting()).toEqual([]);
    await expect(replayer.replayOne('nothing')).rejects.toThrow(NotFoundError);
  });

  it('puts their tasks on their queue again, once, however often it is asked for', async () => {
    const headers = { rootId: 'r', parentId: 'p', correlationId: 'c', eta: 1, expiresAt: 2, key: 'k' };
    const payload = { text: 'a\0b', n: 1 };
    await failJob(node.queue, 'a', { payload, headers });
    await sweep();
    expect(await replayer.replay({})).toEqual({ total: 1, replayed: 1, refused: 0, refusals: [] });
    expect(await replayer.replay({})).toMatchObject({ total: 0, replayed: 0 });
    expect(await replayer.replay({ ids: ['a'] })).toMatchObject({ replayed: 0 });
    const job = await node.queue.getJob('a-r1');
    expect(job?.data).toEqual({
      version: 1,
      payload,
      enqueuedAt: expect.any(Number) as number,
      headers: { rootId: 'r', parentId: 'p', correlationId: 'c', retryOf: 'a' },
    });
    expect(job?.opts).toMatchObject({ attempts: 3, backoff: { options: { baseMs: 10, maxMs: 20 } } });
    expect(await waiting()).toEqual(['a-r1']);
    expect(await idsOf({ replayed: true })).toEqual(['a']);
    expect(await letters.get('a')).toMatchObject({ replayId: 'a-r1' });
  });

  it('repeats one that fails again as another letter, of the same first task', async () => {
    await letterOf('down');
    await replayer.replay({});
    const job = (await node.queue.getNextJob())!;
    await job.discard();
    await job.moveToFailed({ message: 'down' }, true);
    await sweep();
    expect(await idsOf({ replayed: false })).toEqual(['t0-r1']);
    await replayer.replay({});
    expect(await waiting()).toEqual(['t0-r2']);
  });

  it('by several at once gives one task each', async () => {
    await letterOf(...Array.from({ length: 20 }, () => 'down'));
    const progress = await Promise.all([1, 2, 3].map(() => replayer.replay({}, { rate: 1000 })));
    expect(progress.reduce((sum, { replayed }) => sum + replayed, 0)).toBe(20);
    expect(await waiting()).toHaveLength(20);
    expect(await letters.count({ replayed: false })).toBe(0);
  });

  it('that breaks off after a task was sent goes on with it, and sends it once', async () => {
    await letterOf('down', 'down');
    const queue = node.get(TaskQueue);
    const enqueue = queue.enqueueRaw.bind(queue);
    queue.enqueueRaw = async (task) => {
      await enqueue(task);
      throw new QueueUnavailableError(task.name);
    };
    await expect(replayer.replay({})).rejects.toThrow(QueueUnavailableError);
    queue.enqueueRaw = enqueue;
    expect(await letters.count({ replayed: false })).toBe(2);
    // Meanwhile the task has run, and Bull has forgotten it; the history has not.
    await (await node.queue.getJob('t0-r1'))?.remove();
    node.emit(happened('succeeded', 't0-r1'));
    await eventually(
      'the history',
      async () => (await environment.query(`SELECT 1 FROM task WHERE id = 't0-r1'`))[0],
    );
    expect(await replayer.replay({})).toMatchObject({ replayed: 2 });
    expect(await waiting()).toEqual(['t1-r1']);
    expect(await letters.count({ replayed: false })).toBe(0);
  });

  it('says which are refused, and goes on with the others', async () => {
    await letterOf('down', 'down', 'down');
    const queue = node.get(TaskQueue);
    const enqueue = queue.enqueueRaw.bind(queue);
    queue.enqueueRaw = async (task) => {
      if (task.id === 't1-r1') throw new InvalidInputError([{ field: 'id', message: 'expected a number' }]);
      return enqueue(task);
    };
    const progress = await replayer.replay({});
    queue.enqueueRaw = enqueue;
    expect(progress).toEqual({
      total: 3,
      replayed: 2,
      refused: 1,
      refusals: [{ taskId: 't1', message: 'id: expected a number' }],
    });
    expect(await idsOf({ replayed: false })).toEqual(['t1']);
  });

  it('tells how far it is, keeps to its rate, and ends when it is told to', async () => {
    await letterOf(...Array.from({ length: 6 }, () => 'down'));
    const stop = new AbortController();
    const seen: number[] = [];
    const begun = performance.now();
    const progress = await replayer.replay(
      {},
      {
        rate: 20,
        signal: stop.signal,
        onProgress: ({ replayed, total }) => {
          seen.push(replayed);
          if (replayed === 4) stop.abort();
          expect(total).toBe(6);
        },
      },
    );
    // Three waits of 50 ms lie between four letters, whatever the machine does.
    expect(performance.now() - begun).toBeGreaterThan(145);
    expect(seen).toEqual([1, 2, 3, 4]);
    expect(progress.replayed).toBe(4);
    expect(await waiting()).toHaveLength(4);
  });
});
