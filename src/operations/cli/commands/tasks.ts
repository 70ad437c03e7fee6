import { type Command, InvalidArgumentError, Option } from 'commander';
import { GleanerError, messageOf } from '../../../core/errors/index.js';
import type { TaskColumn, TaskRow, TaskSort } from '../../../platform/history/index.js';
import type { Applications } from '../applications.js';
import { UsageError } from '../cli.errors.js';
import { type Column, showJson, showList, WHOLE } from '../show.js';
import type { Tools } from '../tools.js';
import { pointedAt } from './pointed-at.js';
import { COLUMNS } from './task-columns.js';
import { detailJson, showDetail } from './task-detail.js';

const MOST = 1000;
/** Windows of the history that are looked at for one answer: of 10,000 tasks each. */
const MAX_WINDOWS = 100;
const SORTS = ['-enqueuedAt', 'enqueuedAt', '-finishedAt', 'finishedAt'] as const;

interface Asked {
  limit: number;
  sort: (typeof SORTS)[number];
  columns?: TaskColumn[];
  count?: boolean;
  json?: boolean;
}

/** What is known of tasks, as the history has it. */
export function taskCommands(program: Command, { open, terminal, fail }: Tools): void {
  const tasks = program.command('tasks').description('the tasks that there are and were, by a query');

  tasks
    .command('list', { isDefault: true })
    .description('tasks that meet a query, the newest first')
    .argument('[query...]', 'conditions such as state:failed; without one all tasks')
    .option('--limit <n>', 'as many at most', limit, 25)
    .addOption(
      new Option('--sort <order>', 'those by finishedAt have ended').choices(SORTS).default(SORTS[0]),
    )
    .option('--columns <names>', `some of ${Object.keys(COLUMNS).join(',')}`, columnNames)
    .option('--count', 'only how many there are')
    .addHelpText('after', QUERY_HELP)
    .action(async (words: string[], { limit: most, sort, columns, count, json }: Asked) => {
      const operations = await open('operations');
      const query = queryOf(words.join(' '), operations);
      if (count) {
        const counted = await operations.taskFinder.count(query);
        if (json) return showJson(terminal, counted);
        return terminal.out(`${counted.atLeast ? 'at least ' : ''}${counted.count}\n`);
      }
      const list = await operations.taskFinder.plan(query, toSort(sort));
      const shown = columns ?? (json ? operations.usualColumns : FOR_EYES);
      const { rows, rest } = await read(operations.taskFinder, list, shown, most);
      showList(
        terminal,
        json,
        rows,
        shown.map((name) => COLUMNS[name]),
        'No task meets that.',
      );
      if (!json && rest) terminal.note(`${rest}\n`);
    });

  tasks
    .command('show')
    .description('one task with its attempts, timeline, log and the tasks that it has enqueued')
    .argument('<id>', 'of the task', taskId)
    .action(async (id: string, { json }: { json?: boolean }) => {
      const { taskHistory, allColumns } = await open('operations');
      const detail = await taskHistory.get(id);
      if (json) showJson(terminal, detailJson(detail, allColumns));
      else showDetail(terminal, detail);
    });

  tasks
    .command('retry')
    .description('enqueues tasks that have ended once more, as they were, each as a task of its own')
    .argument('<id...>', 'of tasks', taskIds)
    .action(async (ids: string[], { json }: { json?: boolean }) => {
      const { taskActions, audit } = await open('features');
      const retryAll = async (): Promise<Retried[]> => {
        const retried = [];
        for (const retryOf of new Set(ids))
          retried.push(
            await taskActions.retry(retryOf).then(
              ({ id, created }): Retried => ({ retryOf, id, created }),
              (error: unknown): Retried => ({ retryOf, error: messageOf(error) }),
            ),
          );
        return retried;
      };
      const results = await audit.record('cli.tasks.retry', `${ids.length} tasks`, retryAll, (all) =>
        all.map(({ retryOf, id, error }) => `${retryOf} ${id ? `as ${id}` : `not: ${error}`}`).join(', '),
      );
      showList(terminal, json, results, RETRIED, 'Nothing was retried.');
      if (results.some(({ error }) => error !== undefined)) fail(1);
    });
}

interface Retried {
  readonly retryOf: string;
  readonly id?: string;
  readonly created?: boolean;
  readonly error?: string;
}

const RETRIED: Column<Retried>[] = [
  ['TASK', ({ retryOf }) => retryOf, WHOLE],
  ['AGAIN AS', ({ id }) => id, WHOLE],
  ['', ({ created, error }) => error ?? (created ? 'enqueued' : 'there already, with the same key')],
];

const QUERY_HELP = `
A query: state:failed queue:default name:scrape.* worker:w1 error:"timed out" took:>30s attempts:>=2
  after:2026-01-31 before:-1h arg.source:quotes id: root: parent: correlation: retry_of:
  joined by AND (or nothing), OR, NOT and parentheses; * is any text.`;

const FOR_EYES: readonly TaskColumn[] = [
  'id',
  'name',
  'queue',
  'state',
  'attempt',
  'enqueuedAt',
  'runtimeMs',
  'errorMessage',
];

type Operations = Applications['operations'];

/** @throws UsageError that points at what is wrong. */
function queryOf(given: string, { parseQuery }: Operations): ReturnType<Operations['parseQuery']> {
  try {
    return parseQuery(given);
  } catch (error) {
    if (!(error instanceof GleanerError && error.code === 'query.invalid')) throw error;
    const { position } = error.extensions as { position: number };
    throw new UsageError(`${pointedAt(given, position)}\n${error.message}`);
  }
}

async function read(
  finder: Operations['taskFinder'],
  list: Awaited<ReturnType<Operations['taskFinder']['plan']>>,
  columns: readonly TaskColumn[],
  most: number,
): Promise<{ rows: TaskRow[]; rest?: string }> {
  const rows: TaskRow[] = [];
  let after: Parameters<typeof finder.read>[3];
  for (let window = 0; window < MAX_WINDOWS; window++) {
    const found = await finder.read(list, columns, most - rows.length, after);
    rows.push(...found.rows);
    if (!found.next) return { rows };
    if (rows.length >= most) return { rows, rest: `There are more; --limit takes up to ${MOST}.` };
    after = found.next;
  }
  return {
    rows,
    rest: 'There are too many tasks to look at all of them; narrow it with after: and before:.',
  };
}

const toSort = (name: Asked['sort']): TaskSort => ({
  column: name.endsWith('enqueuedAt') ? 'enqueued_at' : 'finished_at',
  descending: name.startsWith('-'),
});

function limit(given: string): number {
  const value = Number(given);
  if (!Number.isInteger(value) || value < 1 || value > MOST)
    throw new InvalidArgumentError(`Expected a whole number from 1 to ${MOST}.`);
  return value;
}

function columnNames(given: string): TaskColumn[] {
  const names = given.split(',');
  const unknown = names.find((name) => !Object.hasOwn(COLUMNS, name));
  if (unknown !== undefined) throw new InvalidArgumentError(`"${unknown}" is none of them.`);
  return [...new Set(names as TaskColumn[])];
}

function taskId(given: string): string {
  if (!/^[\w-]{1,128}$/.test(given)) throw new InvalidArgumentError('Expected the id of a task.');
  return given;
}

const taskIds = (given: string, before: readonly string[] = []): string[] => [...before, taskId(given)];
