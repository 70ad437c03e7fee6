import { type Command, InvalidArgumentError } from 'commander';
import type { DeadLetterFilter } from '../../../platform/history/index.js';
import { UsageError } from '../cli.errors.js';
import type { Tools } from '../tools.js';
import { duration, showJson, showList, WHOLE } from '../show.js';

interface Chosen {
  name?: string;
  group?: string;
  all?: boolean;
  json?: boolean;
}

/** What failed for good: seen, repeated, forgotten. */
export function deadLetterCommands(program: Command, { open, terminal, fail }: Tools): void {
  const dlq = program.command('dlq').description('dead letters: tasks that failed for good');
  const choosing = (command: Command): Command =>
    command
      .argument('[id...]', 'ids of tasks')
      .option('--name <name>', 'those of a task, e.g. scrape.run')
      .option('--group <fingerprint>', 'those with the same error, as "list" shows it');

  dlq
    .command('list')
    .description('groups of those whose errors are the same but for details')
    .option('--name <name>', 'those of a task, e.g. scrape.run')
    .action(async ({ name, json }: Chosen) => {
      const { deadLetters } = await open('operations');
      const groups = await deadLetters.groups(filterOf([], { name }));
      showList(
        terminal,
        json,
        groups,
        [
          ['GROUP', ({ fingerprint }) => fingerprint, WHOLE],
          ['COUNT', ({ count }) => count],
          ['TASKS', ({ names }) => names.join(',')],
          ['LAST', ({ lastFailedAt }) => `${duration(Date.now() - lastFailedAt.getTime())} ago`],
          ['EXAMPLE', ({ exampleId }) => exampleId, WHOLE],
          ['ERROR', ({ errorClass, errorMessage }) => `${errorClass}: ${errorMessage}`.slice(0, 100)],
        ],
        'Nothing has failed for good.',
      );
    });

  dlq
    .command('show')
    .description('one of them, with its trace')
    .argument('<id>')
    .action(async (id: string) => {
      const { deadLetters } = await open('operations');
      showJson(terminal, await deadLetters.get(id));
    });

  choosing(dlq.command('replay').description('puts them on their queues again, each once'))
    .option('--all', 'all that there are')
    .option('--rate <n>', 'letters a second', rate, 50)
    .action(async (ids: string[], options: Chosen & { rate: number }) => {
      const filter = chosen(ids, options);
      const { deadLetterReplayer, audit } = await open('operations');
      const stop = new AbortController();
      process.once('SIGINT', () => stop.abort());
      let told = 0;
      const replay = async () =>
        deadLetterReplayer.replay(filter, {
          rate: options.rate,
          signal: stop.signal,
          onProgress: ({ total, replayed, refused }) => {
            if (options.json || Date.now() - told < 1000) return;
            told = Date.now();
            terminal.note(`${replayed + refused} of ${total}\n`);
          },
        });
      const progress = await audit.record(
        'cli.dlq.replay',
        JSON.stringify(filter),
        replay,
        ({ total, replayed, refused }) => `${replayed} of ${total} replayed, ${refused} refused`,
      );
      if (options.json) showJson(terminal, progress);
      else
        terminal.note(`${progress.replayed} of ${progress.total} replayed, ${progress.refused} refused.\n`);
      for (const { taskId, message } of progress.refusals) terminal.note(`${taskId}: ${message}\n`);
      if (progress.refused > 0 || stop.signal.aborted) fail(1);
    });

  choosing(dlq.command('purge').description('forgets them for good'))
    .option('--all', 'all that there are')
    .action(async (ids: string[], options: Chosen) => {
      const filter = chosen(ids, options);
      const { deadLetters, audit } = await open('operations');
      const purged = await audit.record(
        'cli.dlq.purge',
        JSON.stringify(filter),
        async () => deadLetters.purge(filter),
        (count) => `${count} purged`,
      );
      if (options.json) showJson(terminal, { purged });
      else terminal.note(`${purged} forgotten.\n`);
    });
}

/** A mistyped option must not mean all of them. */
function chosen(ids: readonly string[], options: Chosen): DeadLetterFilter {
  if (ids.length === 0 && !options.name && !options.group && !options.all)
    throw new UsageError('Which of them? Name ids, --name, --group, or --all.');
  return filterOf(ids, options);
}

function filterOf(ids: readonly string[], { name, group }: Chosen): DeadLetterFilter {
  return {
    ...(ids.length > 0 && { ids: [...ids] }),
    ...(name !== undefined && { name }),
    ...(group !== undefined && { fingerprint: group }),
  };
}

function rate(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 10_000)) throw new InvalidArgumentError('Expected a number up to 10000.');
  return value;
}
