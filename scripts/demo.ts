/**
 * npm run demo: the whole of Gleaner on this machine, scraping a local quotes site.
 *
 * Runs in Node itself, without a build: only types that can be stripped.
 */
import { parseArgs } from 'node:util';
import { scrape } from './demo/scrape.ts';
import { startDemo, type Demo } from './demo/start.ts';
import { summarise } from './demo/summary.ts';

const DIR = '.gleaner/demo';

const HELP = `npm run demo [-- --once]

Starts Gleaner with PostgreSQL, Redis and a local quotes site, and scrapes that site.
The data stays in ${DIR}; Ctrl-C stops everything.

  --once   scrape, print a summary, and end: with status 0 when every page was scraped, else 1
  --help   this text

Environment: PORT, DATABASE_URL, REDIS_URL are used as they are when set.

Examples:
  npm run demo
  npm run demo -- --once
  PORT=4000 npm run demo
`;

const say = (line: string): void => console.log(line);

function announce({ url, siteUrl, logFile, key }: Demo): void {
  say(`
Gleaner is running.

  API            ${url}/api/v1/quotes
  API docs       ${url}/docs
  health         ${url}/health/ready
  metrics        ${url}/metrics
  quotes site    ${siteUrl}
  log            ${logFile}

Try:  curl '${url}/api/v1/quotes?limit=2'
      curl -X POST -H 'Authorization: Bearer ${key}' ${url}/api/v1/sources/quotes/runs

The key is this demo's own: it may start runs, and is revoked when the demo stops.

Ctrl-C stops everything; the data stays in ${DIR}.`);
}

/** The first signal stops the demo in good order, a second one at once. */
function stopOnSignal(): AbortSignal {
  const stop = new AbortController();
  const onSignal = (signal: NodeJS.Signals): void => {
    if (stop.signal.aborted) process.exit(130);
    say(`\n${signal}: stopping …`);
    stop.abort(new Stopped());
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  return stop.signal;
}

class Stopped extends Error {}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { once: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help) {
    say(HELP);
    return 0;
  }
  const signal = stopOnSignal();
  await using stack = new AsyncDisposableStack();
  try {
    const demo = await startDemo(DIR, stack, signal, say);
    const run = await scrape(demo.url, demo.key, signal);
    say(await summarise(run, demo.databaseUrl));
    if (values.once) return run.status === 'succeeded' && run.failures.length === 0 ? 0 : 1;
    announce(demo);
    await Promise.race([demo.app.exited, aborted(signal)]);
    if (!signal.aborted) demo.app.assertRunning();
    return 0;
  } catch (error) {
    if (signal.aborted) return values.once ? 130 : 0;
    console.error(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted)
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
}

try {
  process.exitCode = await main();
} catch (error) {
  // parseArgs explains what it did not understand; stopping may fail as well.
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
