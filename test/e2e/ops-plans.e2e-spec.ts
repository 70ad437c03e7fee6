import 'reflect-metadata';
import type { DataSource } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDataSource } from '../../src/app/data-source.js';
import { loadConfig } from '../../src/core/config/index.js';
import { databaseConfig } from '../../src/core/database/index.js';
import { parseQuery } from '../../src/platform/history/query/parse-query.js';
import { USUAL_COLUMNS } from '../../src/platform/history/finding/task-columns.js';
import {
  FEW,
  MOST_COUNTED,
  TaskFinder,
  type TaskSort,
  WINDOW,
} from '../../src/platform/history/finding/task.finder.js';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { type Cost, costOf } from '../support/explain.js';
import { generateTasks } from '../support/task-rows.js';

const TASKS = 200_000;
const PAGE = 20;
const BY_END: TaskSort = { column: 'finished_at', descending: true };

let environment: TestEnvironment;
let dataSource: DataSource;
let finder: TaskFinder;

beforeAll(async () => {
  environment = await createEnvironment();
  await generateTasks(environment, TASKS);
  dataSource = await createDataSource(
    loadConfig(environment.env, [databaseConfig]).get(databaseConfig),
  ).initialize();
  finder = new TaskFinder(dataSource);
}, 240_000);

afterAll(async () => {
  await dataSource?.destroy();
  await environment?.dispose();
});

const costOfPage = (text: string, sort?: TaskSort): Promise<Cost> =>
  costOf(dataSource, async (explaining) => {
    const explained = new TaskFinder(explaining);
    await explained.read(await explained.plan(parseQuery(text), sort), USUAL_COLUMNS, PAGE);
  });

/** Frequent, rare and absent values, and what no index helps with; joined in each way. */
const SIMPLE = [
  'state:succeeded',
  'state:failed',
  'state:active',
  'state:expired',
  '-state:succeeded',
  'name:scrape.page',
  'name:scrape.*',
  'name:report.*',
  'name:nothing.*',
  'worker:host-3-1',
  'worker:host-*',
  'queue:low',
  'queue:none',
  'error:"timed out"',
  'error:certificate',
  'error:nothing',
  'took:>30s',
  'took:<3ms',
  'attempts:>1',
  'arg.source:source-3',
  'arg.source:rare',
  'arg.source:none',
  'arg.page:77',
  'after:2026-01-03 before:2026-01-04',
  'correlation:none',
  'id:none',
];
const COMBINED = SIMPLE.flatMap((a, n) =>
  SIMPLE.slice(n + 1).flatMap((b) => [`(${a}) (${b})`, `(${a}) OR (${b})`, `(${a}) -(${b})`]),
);
const QUERIES = ['', ...SIMPLE, ...COMBINED.filter((_, n) => n % 4 === 0)];

describe(`a page of ${TASKS} tasks`, () => {
  it.each([
    ['', 'ix_task_enqueued_at'],
    ['state:failed', 'ix_task_state'],
    ['state:failed OR state:revoked', 'ix_task_state'],
    ['-state:succeeded', 'ix_task_state'],
    ['name:report.monthly', 'ix_task_name'],
    ['name:report.*', 'ix_task_name'],
    ['worker:host-3-1', 'ix_task_worker'],
    ['error:certificate', 'ix_task_error'],
    ['took:>30s', 'ix_task_slow'],
    ['arg.source:rare', 'ix_task_args'],
    ['arg.source:rare state:succeeded', 'ix_task_args'],
    ['arg.source:source-3', 'ix_task_enqueued_at'],
    ['root:x', 'ix_task_root_id'],
    ['parent:x', 'ix_task_parent_id'],
    ['correlation:x', 'ix_task_correlation_id'],
    ['retry_of:x', 'ix_task_retry_of'],
    ['id:x', 'pk_task'],
    ['queue:none', 'ix_task_enqueued_at'],
  ])('by "%s" is read from %s', async (text, index) => {
    const cost = await costOfPage(text);
    expect(cost.indexes).toContain(index);
    expect(cost.scanned).toEqual([]);
  });

  it('by the end is read from its index, or from what is few', async () => {
    expect((await costOfPage('queue:none', BY_END)).indexes).toContain('ix_task_finished_at');
    expect((await costOfPage('error:certificate state:failed took:>1s', BY_END)).scanned).toEqual([]);
  });

  it(`by any of ${QUERIES.length} queries reads a bounded number of rows`, async () => {
    for (const text of QUERIES) {
      for (const sort of [undefined, BY_END]) {
        const cost = await costOfPage(text, sort);
        expect(cost.scanned, text).toEqual([]);
        // Each path is counted; of those that are chosen as much as a window is read, and looked up row by row.
        expect(cost.rows, text).toBeLessThanOrEqual(30 * (FEW + 2) + 4 * WINDOW);
        expect(cost.buffers, text).toBeLessThanOrEqual(20 * WINDOW);
      }
    }
  }, 600_000);
});

describe('what is rare among what is looked at', () => {
  const everything = async (text: string, sort?: TaskSort): Promise<unknown[]> => {
    const list = await finder.plan(parseQuery(text), sort);
    const ids: unknown[] = [];
    let next: Awaited<ReturnType<TaskFinder['read']>>['next'];
    let pages = 0;
    do {
      const page = await finder.read(list, ['id'], PAGE, next);
      ids.push(...page.rows.map(({ id }) => id));
      ({ next } = page);
      pages++;
    } while (next);
    expect(pages, text).toBeLessThan(TASKS / WINDOW + ids.length / PAGE + 3);
    return ids;
  };
  const idsOf = async (where: string, order: string): Promise<string[]> =>
    (await environment.query<{ id: string }>(`SELECT id FROM task WHERE ${where} ORDER BY ${order}`)).map(
      ({ id }) => id,
    );

  it.each([
    ['attempts:1 took:899ms', 'attempt = 1 AND runtime_ms = 899'],
    ['queue:high took:<1ms', `queue = 'high' AND runtime_ms < 1`],
    ['-state:succeeded error:certificate', `state <> 'succeeded' AND error_message LIKE '%certificate%'`],
    ['worker:host-3-* took:<9ms', `worker LIKE 'host-3-%' AND runtime_ms < 9`],
    [
      'state:failed before:2026-01-02 error:timed',
      `state = 'failed' AND enqueued_at < '2026-01-02Z' AND error_message LIKE '%timed%'`,
    ],
  ])('is found by following short pages, once each: %s', async (text, where) => {
    expect(await everything(text)).toEqual(await idsOf(where, 'enqueued_at DESC, id DESC'));
    expect(await everything(text, BY_END)).toEqual(
      await idsOf(`${where} AND finished_at IS NOT NULL`, 'finished_at DESC, id DESC'),
    );
  });

  it('is counted as at least so many', async () => {
    expect(await finder.count(parseQuery('name:scrape.page'))).toEqual({
      count: MOST_COUNTED,
      atLeast: true,
    });
    const { count, atLeast } = await finder.count(parseQuery('attempts:1 took:899ms'));
    expect(atLeast).toBe(true);
    expect(count).toBeGreaterThan(50);
    const failed = await idsOf(`state = 'failed'`, 'id');
    expect(await finder.count(parseQuery('state:failed'))).toEqual({ count: failed.length, atLeast: false });
  });
});
