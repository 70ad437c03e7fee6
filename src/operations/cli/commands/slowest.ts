import { Argument, type Command, Option } from 'commander';
import type { Ranking, SlowItem, Window } from '../../../platform/performance/index.js';
import type { TimedKind } from '../../../core/performance/index.js';
import { RANKINGS, TIMED_KINDS, WINDOWS } from '../names.js';
import type { Tools } from '../tools.js';
import { type Column, showList } from '../show.js';

const COLUMNS: Column<SlowItem>[] = [
  ['P95', ({ p95Ms }) => `${p95Ms} ms`],
  ['MEAN', ({ meanMs }) => `${meanMs} ms`],
  ['MAX', ({ maxMs }) => `${maxMs} ms`],
  ['TOTAL', ({ totalMs }) => `${Math.round(totalMs / 100) / 10} s`],
  ['COUNT', ({ count }) => count],
  ['QUERIES', ({ queries }) => queries],
  ['SLOWEST', ({ slowest }) => slowest.id ?? slowest.unit],
  ['NAME', ({ name }) => name],
];

interface Options {
  window: Window;
  by: Ranking;
  json?: boolean;
}

/** Where the time goes. */
export function slowestCommand(program: Command, { open, terminal }: Tools): void {
  program
    .command('slowest')
    .description('the ten slowest routes, tasks or queries of all processes')
    .addArgument(new Argument('[kind]').choices(TIMED_KINDS).default('routes'))
    .addOption(new Option('--window <time>', 'how far to look back').choices(WINDOWS).default('1h'))
    .addOption(new Option('--by <what>', 'what makes them the slowest').choices(RANKINGS).default('p95'))
    .action(async (kind: TimedKind, { window, by, json }: Options) => {
      const { slowest } = await open('operations');
      const { items } = await slowest.list(kind, { window, by, limit: 10 });
      showList(terminal, json, items, COLUMNS, 'Nothing was timed.');
    });
}
