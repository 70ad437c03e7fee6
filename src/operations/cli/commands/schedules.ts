import type { Command } from 'commander';
import { Schedules, toScheduleDto } from '../../../platform/scheduling/index.js';
import type { Tools } from '../program.js';
import { showList } from '../show.js';

/** More than anybody has. */
const MOST = 10_000;

export function scheduleCommands(program: Command, { services, terminal }: Tools): void {
  program
    .command('schedules')
    .description('what is scheduled, with its last and its next time')
    .action(async ({ json }: { json?: boolean }) => {
      const schedules = await (await services.get(Schedules)).list(MOST);
      showList(
        terminal,
        json,
        schedules.map(toScheduleDto),
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
