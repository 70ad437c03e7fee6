import { register } from 'prom-client';
import { z } from 'zod';
import { compiled, openApplication } from './application.ts';

/** A task that does nothing: what is left is what Gleaner does. */
export const NOOP = {
  name: 'bench.noop',
  queue: 'default',
  version: 1,
  schema: z.looseObject({}),
  attempts: 3,
  backoff: { baseMs: 1000, maxMs: 8000 },
  deadlineMs: 60_000,
} as const;

/** Whoever enqueues it. */
export interface Producer {
  one: () => Promise<unknown>;
  many: (count: number) => Promise<unknown>;
}

interface TaskQueue {
  enqueue(task: object, payload: unknown): Promise<unknown>;
  enqueueMany(task: object, payloads: readonly unknown[]): Promise<unknown>;
}

/** An API without its server, with history, metrics and log as in production. */
export async function openProducer(
  env: Readonly<Record<string, string>>,
  stack: AsyncDisposableStack,
): Promise<Producer> {
  const { declareTasks, TaskQueue } = await compiled<{
    declareTasks: (...tasks: object[]) => unknown;
    TaskQueue: unknown;
  }>('platform/queues/index.js');
  // One registry for the process: what an earlier application left there would be registered twice.
  register.clear();
  const app = stack.use(await openApplication('api', env, [declareTasks(NOOP)]));
  const tasks = app.get(TaskQueue) as TaskQueue;
  return {
    one: () => tasks.enqueue(NOOP, { page: 1 }),
    many: (count) =>
      tasks.enqueueMany(
        NOOP,
        Array.from({ length: count }, (_, page) => ({ page })),
      ),
  };
}
