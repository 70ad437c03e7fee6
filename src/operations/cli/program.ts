import { Command, CommanderError, Option } from 'commander';
import { UsageError } from './cli.errors.js';
import { completionCommand } from './commands/completion.js';
import { controlCommands } from './commands/control.js';
import { deadLetterCommands } from './commands/dead-letters.js';
import { doctorCommand } from './commands/doctor.js';
import { inspectCommands } from './commands/inspect.js';
import { queueCommands } from './commands/queues.js';
import { scheduleCommands } from './commands/schedules.js';
import type { Services } from './services.js';
import type { Terminal } from './terminal.js';

/** What every command is made with. */
export interface Tools {
  readonly services: Services;
  readonly terminal: Terminal;
  /** Sets the status with which the process ends, when it is not 0 although nothing was thrown. */
  readonly fail: (status: number) => void;
}

/** The commands about tasks, queues and workers; those about keys need no Redis, and are parsed by themselves. */
export function createProgram(tools: Tools): Command {
  const program = new Command('gleaner')
    .description('Sees to the workers, queues and tasks of Gleaner. DATABASE_URL and REDIS_URL say where.')
    .exitOverride()
    .configureOutput({ writeOut: tools.terminal.out, writeErr: tools.terminal.note })
    .showHelpAfterError('Nothing was done. --help tells what can be said here.')
    .addHelpText(
      'after',
      `
Keys and migrations:
  key create|list|revoke            API keys: gleaner key --help
  migrate                           brings the database to this release

Examples:
  gleaner doctor                    what is wrong with this installation, and what to do
  gleaner inspect active            what the workers are doing
  gleaner control pool grow 4       every worker runs four tasks more at once
  gleaner dlq list                  what failed for good, grouped by error
  gleaner dlq replay --name scrape.run

Status: 0 done, 1 it did not work, 2 the command was not understood, 78 faulty configuration.`,
    );
  inspectCommands(program, tools);
  controlCommands(program, tools);
  queueCommands(program, tools);
  deadLetterCommands(program, tools);
  scheduleCommands(program, tools);
  doctorCommand(program, tools);
  completionCommand(program, tools);
  for (const command of everyCommand(program)) {
    command.exitOverride();
    if (command.commands.length === 0)
      command.addOption(new Option('--json', 'for programs: JSON on standard output'));
  }
  return program;
}

/** @throws UsageError when the words make no command; what the command throws. */
export async function runProgram(words: readonly string[], tools: Tools): Promise<void> {
  try {
    await createProgram(tools).parseAsync(words, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help was asked for, or shown for a group without a command; everything else was not understood and has been told.
    if (error.exitCode !== 0) tools.fail(UsageError.exitCode);
  }
}

function everyCommand(command: Command): Command[] {
  return command.commands.flatMap((child) => [child, ...everyCommand(child)]);
}
