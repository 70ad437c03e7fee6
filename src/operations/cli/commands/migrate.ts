import type { Command } from 'commander';
import { showJson } from '../show.js';
import type { Tools } from '../tools.js';

export function migrateCommand(program: Command, { open, terminal }: Tools): void {
  program
    .command('migrate')
    .description('brings the database to this release; safe to run at any time, by several at once')
    .action(async ({ json }: { json?: boolean }) => {
      const { apply } = await open('migrations');
      const applied = await apply();
      if (json) return showJson(terminal, { applied });
      for (const name of applied) terminal.note(`applied ${name}\n`);
      terminal.note(
        applied.length > 0 ? 'The database is up to date now.\n' : 'The database is up to date.\n',
      );
    });
}
