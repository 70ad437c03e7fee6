import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from 'pg';
import { openProducer } from '../../adapters/noop-task.ts';
import { environment, type Server, startServer } from '../application.ts';
import type { BenchmarkContext } from '../benchmark.ts';
import { connect, createDatabase } from '../database.ts';
import { BARE_TASK, bareQueue } from './bare-queue.ts';

const LISTENING = /listens on (http:\/\/[^"\s]+)/;
/** Tasks enqueued by one call. */
const BATCH = 500;
const LOOK_MS = 20;

/** Somebody who runs tasks that do nothing: a worker process, and a producer in this one. */
export interface Side {
  readonly name: string;
  readonly worker: Server;
  /** Enqueues one, and resolves when it is safe. */
  enqueue(): Promise<unknown>;
  /** Enqueues so many as fast as it can, and waits until all are done with. @returns seconds. */
  run(count: number, watch?: () => Promise<void>): Promise<number>;
}

/** Done with means: the history has it as succeeded. */
export async function gleaner(context: BenchmarkContext, concurrency: number): Promise<Side> {
  const url = await createDatabase(context);
  const client = await connect(url);
  context.stack.defer(() => client.end());
  const env = {
    ...environment(context, url),
    WORKER_CONCURRENCY: String(concurrency),
    REDIS_PREFIX: `bench-${context.name}-${concurrency}-${process.pid}`,
  };
  const producer = await openProducer(env, context.stack);
  const worker = await startServer(
    context,
    `gleaner-${concurrency}`,
    ['--enable-source-maps', 'bench/adapters/noop-worker.ts'],
    { ...env, MODE: 'worker' },
    LISTENING,
  );
  return {
    name: 'Gleaner',
    worker,
    enqueue: () => producer.one(),
    run: async (count, watch) => {
      await client.query('TRUNCATE task, task_attempt, task_log');
      return timed(
        worker,
        count,
        (batch) => producer.many(batch),
        () => succeeded(client),
        watch,
      );
    },
  };
}

/** Done with means: the handler has been called for it. */
export async function bareBull(context: BenchmarkContext, concurrency: number): Promise<Side> {
  const prefix = `bare-${concurrency}-${process.pid}`;
  const queue = bareQueue(context.redisUrl, prefix);
  context.stack.defer(() => queue.close());
  const args = ['--redis', context.redisUrl, '--prefix', prefix, '--concurrency', String(concurrency)];
  const worker = await startServer(
    context,
    `bare-bull-${concurrency}`,
    ['bench/support/tasks/bare-bull.ts', ...args],
    {},
    LISTENING,
  );
  const processed = async (): Promise<number> => Number(await (await fetch(worker.url)).text());
  return {
    name: 'bare Bull',
    worker,
    enqueue: () => queue.add(BARE_TASK, { page: 1 }),
    run: async (count, watch) => {
      const before = await processed();
      const many = (batch: number): Promise<unknown> =>
        queue.addBulk(Array.from({ length: batch }, (_, page) => ({ name: BARE_TASK, data: { page } })));
      return timed(worker, count, many, async () => (await processed()) - before, watch);
    },
  };
}

async function timed(
  worker: Server,
  count: number,
  many: (batch: number) => Promise<unknown>,
  done: () => Promise<number>,
  watch: () => Promise<void> = async () => undefined,
): Promise<number> {
  const start = performance.now();
  for (let sent = 0; sent < count; sent += BATCH) {
    await many(Math.min(BATCH, count - sent));
    if (sent % 10_000 === 0) await watch();
  }
  while ((await done()) < count) {
    worker.assertRunning();
    await watch();
    await delay(LOOK_MS);
  }
  return (performance.now() - start) / 1000;
}

async function succeeded(client: Client): Promise<number> {
  const { rows } = await client.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM task WHERE state = 'succeeded'`,
  );
  return rows[0]?.count ?? 0;
}
