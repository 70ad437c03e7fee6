import { Argument, type Command } from 'commander';
import { QUEUE_NAMES, QueueControl, type QueueName } from '../../../platform/queues/index.js';
import type { Tools } from '../tools.js';
import { showList } from '../show.js';

/** Queues as a whole: all workers heed it. */
export function queueCommands(program: Command, { services, terminal }: Tools): void {
  const queues = program.command('queues').description('the queues, and stopping them');

  queues
    .command('list', { isDefault: true })
    .description('how many tasks are in each')
    .action(async ({ json }: { json?: boolean }) => {
      const control = await services.get(QueueControl);
      const states = await Promise.all(QUEUE_NAMES.map(async (name) => control.state(name)));
      const rows = states.map(({ name, paused, waiting, active, scheduled, failed }) => ({
        name,
        paused,
        waiting,
        active,
        delayed: scheduled,
        failed,
      }));
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
        await (await services.get(QueueControl))[name](queue);
        terminal.note(`The queue ${queue} is ${name === 'pause' ? 'paused' : 'running'}.\n`);
      });
}
