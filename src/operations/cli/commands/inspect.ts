import type { Command } from 'commander';
import type { WorkerInfo } from '../../../platform/workers/index.js';
import type { Tools } from '../tools.js';
import { type Column, duration, showList, WHOLE } from '../show.js';
import { askWorkers, toWorkers, type WorkerOptions } from './asking-workers.js';

interface TaskRow {
  worker: string;
  task: { id: string; name: string; queue: string; attempt: number; startedAt?: number; eta?: number };
}

const TASKS: Column<TaskRow>[] = [
  ['WORKER', ({ worker }) => worker, WHOLE],
  ['TASK', ({ task }) => task.id, WHOLE],
  ['NAME', ({ task }) => task.name],
  ['QUEUE', ({ task }) => task.queue],
  ['ATTEMPT', ({ task }) => task.attempt],
];
const RUNNING: Column<TaskRow>[] = [
  ...TASKS,
  ['FOR', ({ task }) => (task.startedAt === undefined ? '' : duration(Date.now() - task.startedAt))],
];
const PLANNED: Column<TaskRow>[] = [
  ...TASKS.slice(1),
  ['AT', ({ task }) => (task.eta === undefined ? '' : new Date(task.eta).toISOString())],
];

const tasksOf = (worker: string, { tasks }: Record<string, unknown>): TaskRow[] =>
  (tasks as TaskRow['task'][]).map((task) => ({ worker, task }));

/** What workers tell of themselves. */
export function inspectCommands(program: Command, tools: Tools): void {
  const inspect = program.command('inspect').description('what the workers are and do');

  inspect
    .command('workers')
    .description('all workers, also those that have ended or fallen silent')
    .action(async ({ json }: { json?: boolean }) => {
      const { workers } = await tools.open('operations');
      showList(tools.terminal, json, await workers.list(), WORKERS, 'No worker has been heard of.');
    });

  const ask = (
    name: 'active' | 'reserved' | 'scheduled',
    about: string,
    columns: readonly Column<TaskRow>[],
  ): void => {
    toWorkers(inspect.command(name).description(about)).action(async (options: WorkerOptions) => {
      await askWorkers(tools, { type: name }, options, tasksOf, columns);
    });
  };
  ask('active', 'the tasks that run', RUNNING);
  ask('reserved', 'the tasks that a worker holds and has not begun', RUNNING);
  ask('scheduled', 'the tasks that wait for their time', PLANNED);

  toWorkers(inspect.command('ping').description('which workers answer')).action(
    async (options: WorkerOptions) => {
      const rows = (worker: string): string[] => [worker];
      await askWorkers(tools, { type: 'ping' }, options, rows, [['ANSWERED', (worker) => worker]]);
    },
  );
  toWorkers(inspect.command('registered').description('the tasks that each worker can run')).action(
    async (options: WorkerOptions) => {
      type Row = { worker: string; name: string; queue: string; attempts: number; deadlineMs: number };
      const rows = (worker: string, { tasks }: Record<string, unknown>): Row[] =>
        (tasks as Row[]).map((task) => ({ ...task, worker }));
      await askWorkers(tools, { type: 'registered' }, options, rows, [
        ['WORKER', ({ worker }) => worker],
        ['NAME', ({ name }) => name],
        ['QUEUE', ({ queue }) => queue],
        ['ATTEMPTS', ({ attempts }) => attempts],
        ['DEADLINE', ({ deadlineMs }) => duration(deadlineMs)],
      ]);
    },
  );
  toWorkers(inspect.command('stats').description('what each worker has done, and what it uses')).action(
    async (options: WorkerOptions) => {
      const rows = (id: string, facts: Record<string, unknown>): WorkerInfo[] => [
        { ...facts, id, state: 'online', silentMs: 0 } as unknown as WorkerInfo,
      ];
      await askWorkers(tools, { type: 'stats' }, options, rows, WORKERS);
    },
  );
  toWorkers(inspect.command('conf').description('the settings of each worker; secrets are not shown')).action(
    async (options: WorkerOptions) => {
      type Row = { worker: string; name: string; value: unknown };
      const rows = (worker: string, { settings }: Record<string, unknown>): Row[] =>
        (settings as Row[]).map((setting) => ({ ...setting, worker }));
      await askWorkers(tools, { type: 'conf' }, options, rows, [
        ['WORKER', ({ worker }) => worker],
        ['SETTING', ({ name }) => name],
        ['VALUE', ({ value }) => (typeof value === 'string' ? value : JSON.stringify(value))],
      ]);
    },
  );
}

const WORKERS: Column<WorkerInfo>[] = [
  ['WORKER', ({ id }) => id, WHOLE],
  ['STATE', (worker) => stateOf(worker)],
  ['HEARD', ({ silentMs }) => `${duration(silentMs)} ago`],
  ['MODE', ({ mode }) => mode],
  ['SLOTS', ({ activeCount, concurrency }) => `${activeCount}/${concurrency}`],
  ['QUEUES', ({ queues }) => queues.flatMap(({ name, consuming }) => (consuming ? [name] : [])).join(',')],
  ['DONE', ({ totals }) => totals.processed],
  ['FAILED', ({ totals }) => totals.failed],
  ['MEMORY', ({ rssBytes }) => `${Math.round(rssBytes / 1_048_576)} MiB`],
  ['CPU', ({ cpu }) => `${Math.round(cpu * 100)} %`],
  ['LAG', ({ eventLoopLagMs }) => `${Math.round(eventLoopLagMs)} ms`],
];

const stateOf = ({ state, paused, draining }: WorkerInfo): string =>
  state === 'online' && draining ? 'draining' : state === 'online' && paused ? 'paused' : state;
