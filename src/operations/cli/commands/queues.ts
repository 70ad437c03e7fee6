import { Argument, type Command } from 'commander';
import { QUEUE_NAMES, type QueueName, Queues } from '../../../platform/queues/index.js';
import type { Tools } from '../program.js';
import { showList } from '../show.js';

interface QueueRow {
  name: QueueName;
  paused: boolean;
  waiting: number;
  active: number;
  delayed: number;
  failed: number;
}

/** Queues as a whole: all workers heed it. */
export function queueCommands(program: Command, { services, terminal }: Tools): void {
  const queues = program.command('queues').description('the queues, and stopping them');

  queues
    .command('list', { isDefault: true })
    .description('how many tasks are in each')
    .action(async ({ json }: { json?: boolean }) => {
      const all = (await services.get(Queues)).all;
      const rows = await Promise.all(
        [...all].map(async ([name, queue]): Promise<QueueRow> => {
          const [{ waiting, active, delayed, failed }, waitingWhilePaused, paused] = await Promise.all([
            queue.getJobCounts(),
            queue.getPausedCount(),
            queue.isPaused(),
          ]);
          return { name, paused, waiting: waiting + waitingWhilePaused, active, delayed, failed };
        }),
      );
      showList(
        terminal,
        json,
        rows,
        [
          ['QUEUE', ({ name }) => name],
          ['STATE', ({ paused }) => (paused ? 'paused' : 'running')],
          ['WAITING', ({ waiting }) => waiting],
          ['ACTIVE', ({ active }) => active],
          ['SCHEDULED', ({ delayed }) => delayed],
          ['FAILED', ({ failed }) => failed],
        ],
        'There are no queues.',
      );
    });

  for (const [name, about] of [
    ['pause', 'no worker takes tasks of it any more; those that run go on'],
    ['resume', 'workers take its tasks again'],
  ] as const)
    queues
      .command(name)
      .description(about)
      .addArgument(new Argument('<queue>').choices(QUEUE_NAMES))
      .action(async (queue: QueueName) => {
        await (await services.get(Queues)).of(queue)[name]();
        terminal.note(`The queue ${queue} is ${name === 'pause' ? 'paused' : 'running'}.\n`);
      });
}
