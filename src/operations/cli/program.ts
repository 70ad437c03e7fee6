import { Command, CommanderError, Option } from 'commander';
import { UsageError } from './cli.errors.js';
import { alertCommands } from './commands/alerts.js';
import { completionCommand } from './commands/completion.js';
import { controlCommands } from './commands/control.js';
import { deadLetterCommands } from './commands/dead-letters.js';
import { doctorCommand } from './commands/doctor.js';
import { inspectCommands } from './commands/inspect.js';
import { keyCommands } from './commands/keys.js';
import { migrateCommand } from './commands/migrate.js';
import { queueCommands } from './commands/queues.js';
import { scheduleCommands } from './commands/schedules.js';
import { EXAMPLES } from './examples.js';
import { scrapeCommand } from './commands/scrape.js';
import { taskCommands } from './commands/tasks.js';
import { slowestCommand } from './commands/slowest.js';
import type { Tools } from './tools.js';

const MISUNDERSTOOD = 'Nothing was done. --help tells what can be said here.';

export function createProgram(tools: Tools): Command {
  const program = new Command('gleaner')
    .description('Sees to the workers, queues and tasks of Gleaner. DATABASE_URL and REDIS_URL say where.')
    .exitOverride()
    .configureOutput({ writeOut: tools.terminal.out, writeErr: tools.terminal.note })
    .configureHelp({ helpWidth: tools.terminal.width ?? 100 })
    .showHelpAfterError(MISUNDERSTOOD)
    .addHelpText(
      'after',
      `
Examples:
  gleaner doctor                    what is wrong with this installation, and what to do
  gleaner inspect active            what the workers are doing
  gleaner control pool grow 4       every worker runs four tasks more at once
  gleaner tasks state:failed        the newest tasks that failed
  gleaner scrape quotes --follow    scrapes a source now, and shows how it goes
  gleaner alerts                    what is wrong, and since when
  gleaner dlq list                  what failed for good, grouped by error
  gleaner dlq replay --name scrape.run

Status: 0 done, 1 it did not work, 2 the command was not understood, 130 interrupted, 78 faulty configuration.`,
    );
  inspectCommands(program, tools);
  controlCommands(program, tools);
  taskCommands(program, tools);
  queueCommands(program, tools);
  deadLetterCommands(program, tools);
  alertCommands(program, tools);
  scheduleCommands(program, tools);
  slowestCommand(program, tools);
  scrapeCommand(program, tools);
  keyCommands(program, tools);
  migrateCommand(program, tools);
  doctorCommand(program, tools);
  completionCommand(program, tools);
  for (const command of everyCommand(program)) {
    command.exitOverride();
    const examples = EXAMPLES[nameOf(command)] ?? [];
    command.addHelpText('after', ['\nExamples:', ...examples.map((line) => `  gleaner ${line}`)].join('\n'));
    if (command.commands.length === 0 && command.name() !== 'completion')
      command.addOption(new Option('--json', 'for programs: JSON on standard output'));
  }
  return program;
}

/** @throws what the command throws. Words that make no command are told of, and end with the status for that. */
export async function runProgram(words: readonly string[], tools: Tools): Promise<void> {
  try {
    await createProgram(tools).parseAsync(words.length > 0 ? words : ['--help'], { from: 'user' });
  } catch (error) {
    if (error instanceof UsageError) tools.terminal.note(`${error.message}\n${MISUNDERSTOOD}\n`);
    else if (!(error instanceof CommanderError)) throw error;
    // Help was asked for, or shown for a group without a command; everything else was not understood and has been told.
    if (!(error instanceof CommanderError && error.exitCode === 0)) tools.fail(UsageError.exitCode);
  }
}

/** With the groups that it is in, e.g. `dlq list`. */
export function nameOf(command: Command): string {
  const { parent } = command;
  return parent?.parent ? `${nameOf(parent)} ${command.name()}` : command.name();
}

export function everyCommand(command: Command): Command[] {
  return command.commands.flatMap((child) => [child, ...everyCommand(child)]);
}
