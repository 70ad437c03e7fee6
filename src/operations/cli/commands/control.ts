import { Argument, type Command, InvalidArgumentError } from 'commander';
import type { QueueName } from '../../../platform/queues/index.js';
import type { WorkerCommand } from '../../../platform/workers/index.js';
import { UsageError } from '../cli.errors.js';
import { QUEUES } from '../names.js';
import type { Tools } from '../tools.js';
import { showList, WHOLE } from '../show.js';
import { askWorkers, count, toWorkers, type WorkerOptions } from './asking-workers.js';

/** What workers can be told to do; each change is effective at once. */
export function controlCommands(program: Command, tools: Tools): void {
  const control = program.command('control').description('tells workers what to do');
  const tell = async (command: WorkerCommand, options: WorkerOptions): Promise<void> =>
    askWorkers(tools, command, options, (worker, result) => [{ worker, said: JSON.stringify(result) }], [
      ['WORKER', ({ worker }) => worker],
      ['NOW', ({ said }) => said],
    ]);

  const pool = control.command('pool').description('how many tasks a worker runs at once');
  toWorkers(pool.command('grow').argument('<n>', 'by how many', count)).action(
    async (by: number, options: WorkerOptions) => tell({ type: 'pool.grow', by }, options),
  );
  toWorkers(pool.command('shrink').argument('<n>', 'by how many', count)).action(
    async (by: number, options: WorkerOptions) => tell({ type: 'pool.shrink', by }, options),
  );
  toWorkers(
    pool.command('autoscale').argument('<min>', 'at least', count).argument('<max>', 'at most', count),
  ).action(async (min: number, max: number, options: WorkerOptions) =>
    tell({ type: 'pool.autoscale', bounds: { min, max } }, options),
  );

  const queue = control.command('queue').description('which queues a worker takes tasks from');
  const queueName = (): Argument => new Argument('<queue>').choices(QUEUES);
  toWorkers(queue.command('add').addArgument(queueName())).action(
    async (name: QueueName, options: WorkerOptions) =>
      tell({ type: 'queue.add-consumer', queue: name }, options),
  );
  toWorkers(queue.command('cancel').addArgument(queueName())).action(
    async (name: QueueName, options: WorkerOptions) =>
      tell({ type: 'queue.cancel-consumer', queue: name }, options),
  );

  toWorkers(
    control
      .command('rate-limit')
      .description('how often a task may be begun, by all workers together')
      .argument('<task>', 'name, e.g. scrape.run')
      .argument('<rate>', 'e.g. 10/m; off for none'),
  ).action(async (task: string, given: string, options: WorkerOptions) => {
    const rate = given === 'off' ? null : await rateIn(given, tools);
    await tell({ type: 'rate-limit', task, rate }, options);
  });
  toWorkers(
    control
      .command('time-limit')
      .description('how long an attempt of a task may take')
      .argument('<task>', 'name, e.g. scrape.run')
      .argument('<soft>', 'milliseconds until it is aborted; off for what the task says', limitOrOff)
      .argument('[hard]', 'milliseconds until the process of an isolated task is killed', limitOrOff),
  ).action(
    async (task: string, softMs: number | null, hardMs: number | null | undefined, options: WorkerOptions) =>
      tell(
        {
          type: 'time-limit',
          task,
          limits: softMs === null ? null : { softMs, ...(typeof hardMs === 'number' && { hardMs }) },
        },
        options,
      ),
  );

  for (const [name, about] of [
    ['pause', 'takes no further tasks; those that run go on'],
    ['resume', 'takes tasks again'],
    ['shutdown', 'ends warmly: what runs is finished or handed back'],
  ] as const)
    toWorkers(control.command(name).description(about)).action(async (options: WorkerOptions) =>
      tell({ type: name }, options),
    );

  control
    .command('revoke')
    .description('takes tasks back: what waits is removed, what runs is aborted within a second')
    .argument('<id...>')
    .option('--terminate', 'kills the process of an isolated task')
    .action(async (ids: string[], { terminate, json }: { terminate?: boolean; json?: boolean }) => {
      const { revocations, audit } = await tools.open('operations');
      const how = terminate ? 'terminate' : 'abort';
      const revoked = await audit.record(
        'cli.control.revoke',
        `${ids.length} tasks (${how})`,
        async () => revocations.revoke(ids, how),
        (results) => results.map(({ id, was }) => `${id} was ${was}`).join(', '),
      );
      showList(
        tools.terminal,
        json,
        revoked,
        [
          ['TASK', ({ id }) => id, WHOLE],
          ['WAS', ({ was }) => was],
        ],
        'Nothing was revoked.',
      );
    });
}

async function rateIn(text: string, { open }: Tools): Promise<string> {
  const { taskRate } = await open('operations');
  const rate = taskRate.safeParse(text);
  if (!rate.success) throw new UsageError(`${rate.error.issues[0]?.message}, or off.`);
  return rate.data;
}

function limitOrOff(text: string): number | null {
  if (text === 'off') return null;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 86_400_000)
    throw new InvalidArgumentError('Expected 1 to 86400000 milliseconds, or off.');
  return value;
}
