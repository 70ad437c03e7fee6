import type { Command } from 'commander';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { RunReader, RunRow } from '../../../features/scraping/index.js';
import { duration, showJson } from '../show.js';
import type { Terminal } from '../terminal.js';
import type { Tools } from '../tools.js';

const LOOK_EVERY_MS = 1000;
/** What shells end with when somebody has pressed Ctrl-C. */
const INTERRUPTED = 130;

/** Starts a run of a source, as the API does. */
export function scrapeCommand(program: Command, { open, terminal, fail }: Tools): void {
  program
    .command('scrape')
    .description('scrapes a source now; a source that is being scraped is left alone')
    .argument('<source>', 'its slug, e.g. quotes')
    .option('-f, --follow', 'shows how it goes until it has ended; Ctrl-C stops showing, not the run')
    .action(async (slug: string, { follow, json }: { follow?: boolean; json?: boolean }) => {
      const { sources, runStarter, runs, audit } = await open('features');
      const source = await sources.bySlug(slug);
      const id = await audit.record(
        'cli.scrape',
        slug,
        async () => runStarter.start(source),
        (run) => `run ${run}`,
      );
      const url = `/api/v1/runs/${id}`;
      if (!follow) {
        if (json) return showJson(terminal, { id, url });
        terminal.out(`${id}\n`);
        return terminal.note(`The run has been started. ${howToLook(id)}\n`);
      }
      terminal.note(`Run ${id} has been started.\n`);
      const { run, interrupted } = await followed(runs, id, terminal);
      if (json) showJson(terminal, run);
      if (interrupted) {
        terminal.note(`Not followed any more; the run goes on. ${howToLook(id)}\n`);
        return fail(INTERRUPTED);
      }
      const end = `${run.status} (${run.finishReason ?? 'unknown'}): ${countsOf(run)}`;
      if (!json) terminal.out(`${end}\n`);
      if (run.error !== null) terminal.note(`${run.error}\n`);
      if (run.status !== 'succeeded') fail(1);
    });
}

const howToLook = (id: string): string =>
  `Look at it: GET /api/v1/runs/${id}; its task: gleaner tasks show run-${id}`;

async function followed(
  runs: RunReader,
  id: string,
  terminal: Terminal,
): Promise<{ run: RunRow; interrupted: boolean }> {
  const stop = new AbortController();
  const interrupt = once(process, 'SIGINT', { signal: stop.signal }).then(
    () => true,
    () => false,
  );
  try {
    for (;;) {
      const run = await runs.get(id);
      if (run.finishedAt) return { run, interrupted: false };
      terminal.progress(progressOf(run));
      const waited = delay(LOOK_EVERY_MS, false, { signal: stop.signal }).catch(() => false);
      if (await Promise.race([interrupt, waited])) return { run, interrupted: true };
    }
  } finally {
    stop.abort();
  }
}

function progressOf(run: RunRow): string {
  const { status, postponedUntil, postponedReason } = run;
  if (status === 'pending') return 'pending: no worker has begun it';
  const waits = postponedUntil ? `, waits until ${postponedUntil.toISOString()}: ${postponedReason}` : '';
  return `${status}: ${countsOf(run)}${waits}`;
}

function countsOf({ stats, startedAt, finishedAt }: RunRow): string {
  const lasted = (finishedAt?.getTime() ?? Date.now()) - (startedAt?.getTime() ?? Date.now());
  const pages = `${stats['scheduler/dequeued']} of ${stats['scheduler/enqueued']} pages`;
  const errors = `${stats['retry/max_reached']} given up`;
  return `${pages}, ${stats.item_scraped_count} items, ${errors}, ${duration(Math.max(0, lasted))}`;
}
