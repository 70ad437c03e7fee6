import { Argument, type Command } from 'commander';
import type { QueueName } from '../../../platform/queues/index.js';
import { QUEUES } from '../names.js';
import type { Tools } from '../tools.js';
import { showJson, showList } from '../show.js';

/** Queues as a whole: all workers heed it. */
export function queueCommands(program: Command, { open, terminal }: Tools): void {
  const queues = program.command('queues').description('the queues, and stopping them');

  queues
    .command('list', { isDefault: true })
    .description('how many tasks are in each')
    .action(async ({ json }: { json?: boolean }) => {
      const { queueControl } = await open('operations');
      const states = await queueControl.states();
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
      .addArgument(new Argument('<queue>').choices(QUEUES))
      .action(async (queue: QueueName, { json }: { json?: boolean }) => {
        const { queueControl, audit } = await open('operations');
        await audit.record(`cli.queues.${name}`, queue, async () => queueControl[name](queue));
        if (json) return showJson(terminal, { name: queue, paused: name === 'pause' });
        terminal.note(`The queue ${queue} is ${name === 'pause' ? 'paused' : 'running'}.\n`);
      });
}
