import type { Command } from 'commander';
import type { Tools } from '../tools.js';
import { showList } from '../show.js';

/** More than anybody has. */
const MOST = 10_000;

export function scheduleCommands(program: Command, { open, terminal }: Tools): void {
  program
    .command('schedules')
    .description('what is scheduled, with its last and its next time')
    .action(async ({ json }: { json?: boolean }) => {
      const { schedules, toScheduleDto } = await open('operations');
      showList(
        terminal,
        json,
        (await schedules.list(MOST)).map(toScheduleDto),
        [
          ['SCHEDULE', ({ name }) => name],
          ['CRON', ({ cron }) => cron],
          ['ZONE', ({ timeZone }) => timeZone],
          ['STATE', ({ enabled }) => (enabled ? 'enabled' : 'disabled')],
          ['NEXT', ({ nextRunAt }) => nextRunAt],
          ['LAST', ({ lastRunAt }) => lastRunAt],
          ['OUTCOME', ({ lastOutcome }) => lastOutcome],
        ],
        'Nothing is scheduled.',
      );
    });
}
