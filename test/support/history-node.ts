import 'reflect-metadata';
import { Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Job, Queue } from 'bull';
import { type Metric, register } from 'prom-client';
import { DataSource } from 'typeorm';
import { AppModule } from '../../src/app/app.module.js';
import { loadConfig } from '../../src/core/config/index.js';
import { HistoryRunnerModule } from '../../src/platform/history/index.js';
import { Queues, type TaskEvent, TaskEvents, type TaskFacts } from '../../src/platform/queues/index.js';
import { eventually } from './eventually.js';

/** The history of tasks in a process that runs none: a test tells what happens, and when what recurs is done. */
export interface HistoryNode {
  emit(...events: TaskEvent[]): void;
  get<T>(type: Type<T>): T;
  queue: Queue;
  /** Leaves nothing of what was, in PostgreSQL or on the queue. */
  reset(): Promise<void>;
  /** A metric, by one of its labels if it is given. */
  metric(name: string, label?: string): Promise<number>;
  close(): Promise<void>;
}

let resets = 0;

export async function startHistoryNode(env: Record<string, string>): Promise<HistoryNode> {
  register.clear();
  // What recurs is there, and nothing that makes it recur.
  @Module({ imports: [AppModule.forMode('api', loadConfig({ ...env, MODE: 'api' })), HistoryRunnerModule] })
  class HistoryNodeModule {}
  const app = await NestFactory.createApplicationContext(HistoryNodeModule, {
    logger: false,
    abortOnError: false,
  });
  const metrics = register.getMetricsAsArray() as unknown as (Metric & { name: string })[];
  const events = app.get(TaskEvents, { strict: false });
  const queue = app.get(Queues, { strict: false }).of('default');
  return {
    emit: (...told) => {
      for (const event of told) events.emit(event);
    },
    get: (type) => app.get(type, { strict: false }),
    queue,
    reset: async () => {
      // What is told is written in its order, a little later: when this is there, nothing of before is still to come.
      const last = `reset-${resets++}`;
      events.emit(happened('sent', last));
      const source = app.get(DataSource, { strict: false });
      await eventually('the history to be written', async () => {
        const rows: unknown[] = await source.query('SELECT 1 FROM task WHERE id = $1', [last]);
        return rows[0];
      });
      await source.query('TRUNCATE task, task_attempt, task_log, dead_letter');
      const keys = await queue.client.keys(queue.toKey('*'));
      if (keys.length > 0) await queue.client.del(keys);
    },
    metric: async (name, label) => {
      const metric = await metrics.find((each) => each.name === `gleaner_${name}`)?.get();
      const values =
        metric?.values.filter(({ labels }) => !label || Object.values(labels).includes(label)) ?? [];
      return values.reduce((sum, { value }) => sum + value, 0);
    },
    close: () => app.close(),
  };
}

const STARTED = Date.now();

export function factsOf(id: string, payload: unknown = { id }, headers = {}): TaskFacts {
  const envelope = { version: 1, payload, enqueuedAt: STARTED, headers };
  return { id, name: 'lab.noop', queue: 'default', envelope, maxAttempts: 3, critical: false };
}

export const sent = (id: string, payload?: unknown, headers?: object): TaskEvent => ({
  type: 'sent',
  at: STARTED,
  task: factsOf(id, payload, headers),
});

/** An event of an attempt, with all that any of them needs. */
export function happened(type: TaskEvent['type'], id: string, start = 1, more: object = {}): TaskEvent {
  const failure = {
    class: 'LabError',
    code: 'lab.failed',
    message: `attempt ${start} failed`,
    trace: 'at lab',
  };
  const of = { task: factsOf(id), workerId: `worker-${start}`, start, attempt: start };
  const ending = { runtimeMs: 5, failure, retryAt: STARTED + 60_000, result: { ok: true } };
  return { type, at: STARTED + 100 * start, ...of, ...ending, ...more } as TaskEvent;
}

export interface FailedJob {
  readonly payload?: unknown;
  readonly headers?: object;
  readonly failure?: object;
  readonly message?: string;
}

/** Adds a job as the producer does. */
export async function addJob(queue: Queue, id: string, { payload, headers }: FailedJob = {}): Promise<Job> {
  const { name, envelope, maxAttempts } = factsOf(id, payload ?? { id }, headers);
  const backoff = { type: 'full-jitter', options: { baseMs: 10, maxMs: 20 } };
  return queue.add(name, envelope, { jobId: id, attempts: maxAttempts, backoff });
}

/** Adds a job and begins it, as a worker does. */
export async function beginJob(queue: Queue, id: string, job: FailedJob = {}): Promise<Job> {
  await addJob(queue, id, job);
  const begun = await queue.getNextJob();
  if (String(begun?.id) !== id) throw new Error(`the queue gave ${begun?.id} instead of ${id}`);
  await queue.client.hset(queue.toKey(id), 'starts', 1);
  return begun!;
}

/** Adds a job that has failed for good. */
export async function failJob(queue: Queue, id: string, job: FailedJob = {}): Promise<void> {
  const begun = await beginJob(queue, id, job);
  const failure = job.failure ?? { class: 'LabError', code: 'lab.failed', message: job.message ?? 'down' };
  await queue.client.hset(queue.toKey(id), 'failure', JSON.stringify(failure));
  begun.discard();
  await begun.moveToFailed({ message: job.message ?? 'down' }, true);
  await queue.client.del(`${queue.toKey(id)}:lock`);
}
