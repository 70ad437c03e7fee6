import 'reflect-metadata';
import fc from 'fast-check';
import type { DataSource } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDataSource } from '../../src/app/data-source.js';
import { loadConfig } from '../../src/core/config/index.js';
import { databaseConfig } from '../../src/core/database/index.js';
import { parseQuery } from '../../src/platform/history/query/parse-query.js';
import { printQuery } from '../../src/platform/history/query/print-query.js';
import { TaskFinder, type TaskSort } from '../../src/platform/history/finding/task.finder.js';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { anyQuery, anyTask, meets, type QueriedTask } from '../support/task-queries.js';
import { insertTasks } from '../support/task-rows.js';

let environment: TestEnvironment;
let dataSource: DataSource;
let finder: TaskFinder;

beforeAll(async () => {
  environment = await createEnvironment();
  dataSource = await createDataSource(
    loadConfig(environment.env, [databaseConfig]).get(databaseConfig),
  ).initialize();
  finder = new TaskFinder(dataSource);
});

afterAll(async () => {
  await dataSource?.destroy();
  await environment?.dispose();
});

async function store(tasks: readonly QueriedTask[]): Promise<void> {
  await environment.query('TRUNCATE task CASCADE');
  await insertTasks(
    environment,
    tasks.map((task) => ({
      id: task.id,
      name: task.name,
      queue: task.queue,
      state: task.state,
      worker: task.worker,
      args: task.args,
      attempt: task.attempt,
      error_class: task.errorClass,
      error_code: task.errorCode,
      error_message: task.errorMessage,
      root_id: task.rootId,
      parent_id: task.parentId,
      correlation_id: task.correlationId,
      retry_of: task.retryOf,
      enqueued_at: task.enqueuedAt,
      runtime_ms: task.runtimeMs,
    })),
  );
}

/** Ids of all pages of seven. */
async function idsBy(text: string, sort?: TaskSort): Promise<unknown[]> {
  const list = await finder.plan(parseQuery(text), sort);
  const ids: unknown[] = [];
  let next: Awaited<ReturnType<TaskFinder['read']>>['next'];
  do {
    const page = await finder.read(list, ['id'], 7, next);
    ids.push(...page.rows.map(({ id }) => id));
    ({ next } = page);
  } while (next);
  return ids;
}

const byTime = (tasks: readonly QueriedTask[]): QueriedTask[] =>
  tasks.toSorted((a, b) => a.enqueuedAt.getTime() - b.enqueuedAt.getTime() || (a.id < b.id ? -1 : 1));

describe('what PostgreSQL finds for a query', () => {
  it('is what the query means, in the order of the list, whichever way is taken', async () => {
    const tasks = fc.uniqueArray(anyTask, { selector: ({ id }) => id, minLength: 20, maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(tasks, fc.array(anyQuery, { minLength: 15, maxLength: 15 }), async (rows, queries) => {
        await store(rows);
        for (const query of queries) {
          const text = printQuery(query);
          const expected = byTime(rows)
            .filter((task) => meets(query, task, Date.now()))
            .map(({ id }) => id);
          expect(await idsBy(text), text).toEqual(expected.toReversed());
          expect(await idsBy(text, { column: 'enqueued_at', descending: false }), text).toEqual(expected);
          expect(await finder.count(query), text).toEqual({ count: expected.length, atLeast: false });
        }
      }),
      { numRuns: Number(process.env.FUZZ_QUERIES ?? 20), endOnFailure: true },
    );
  });

  it('is every task, when nothing is asked', async () => {
    const rows = fc.sample(anyTask, 10);
    await store(rows);
    expect(await idsBy('')).toEqual(
      byTime(rows)
        .map(({ id }) => id)
        .toReversed(),
    );
  });
});
