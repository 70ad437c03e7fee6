/**
 * npm run bench: measures what docs/performance.md claims, on PostgreSQL and Redis that it provides itself.
 * Runs in Node itself, without a build: only types that can be stripped.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { writeResults } from '../bench/support/document.ts';
import { type BenchmarkReport, machine, type Report, table } from '../bench/support/report.ts';
import type { RunOptions } from '../bench/support/run-one.ts';
import { buildIfStale } from './build.ts';
import { provideServices } from './services/index.ts';

const DIR = '.gleaner/bench';
const DOCS = 'docs/performance.md';
const names = readdirSync('bench')
  .filter((file) => file.endsWith('.bench.ts'))
  .map((file) => file.replace('.bench.ts', ''));

const HELP = `npm run bench [-- options]

Measures what docs/performance.md claims: each benchmark compares within one run, alternating, and prints medians,
ranges and whether its aim was reached. A missed aim fails nothing; a wrong answer does (status 1).
Progress goes to standard error; logs and profiles to ${DIR}/<name>.

  --only <name>    only this benchmark; may be repeated. There are:
                   ${names.join('\n                   ')}
  --rounds <n>     how often each side has its turn (default 7, with --quick 2)
  --quick          small and short: shows that all works, measures little
  --json <file>    write the results as JSON, too
  --docs           write the results into ${DOCS}, too; not with --quick
  --profile        CPU profiles of the processes under test, for chrome://inspect or speedscope
  --help           this text

Environment: DATABASE_URL, REDIS_URL are used as they are when set; databases are created and dropped there.

Examples:
  npm run bench
  npm run bench -- --only cached-reads --rounds 3
  npm run bench -- --quick --json results.json
`;

interface Options {
  only: string[];
  rounds: number;
  quick: boolean;
  profile: boolean;
  docs: boolean;
  json: string | undefined;
}

function readOptions(): Options | undefined {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', multiple: true },
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      json: { type: 'string' },
      profile: { type: 'boolean', default: false },
      docs: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return undefined;
  const only = values.only ?? names;
  const unknown = only.find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new Error(`--only ${unknown}: there is no such benchmark; expected one of ${names.join(', ')}`);
  const rounds = Number(values.rounds ?? (values.quick ? 2 : 7));
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > 100)
    throw new Error(`--rounds: expected a whole number from 1 to 100, got "${values.rounds}"`);
  if (values.docs && values.quick) throw new Error('--docs: what --quick measures is not worth writing down');
  return { ...values, only, rounds, json: values.json };
}

async function main(): Promise<number> {
  const options = readOptions();
  if (!options) {
    console.log(HELP);
    return 0;
  }
  const say = (line: string): void => console.error(line);
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort());
  mkdirSync(DIR, { recursive: true });
  await buildIfStale(say, stop.signal);
  say('starting PostgreSQL and Redis …');
  const services = await provideServices({ dir: join(DIR, 'services'), ephemeral: true, say });
  const report: Report = {
    startedAt: new Date().toISOString(),
    machine: machine(),
    quick: options.quick,
    rounds: options.rounds,
    benchmarks: [],
  };
  const failed: string[] = [];
  try {
    for (const name of options.only) {
      if (stop.signal.aborted) break;
      say(`── ${name}`);
      const { quick, rounds, profile } = options;
      const { databaseUrl, redisUrl } = services;
      const done = await runOne(
        { name, quick, rounds, profile, databaseUrl, redisUrl, dir: resolve(DIR, name) },
        stop.signal,
      );
      if (!done) failed.push(name);
      else {
        report.benchmarks.push(done);
        console.log(table(done));
      }
    }
  } finally {
    await services.stop();
  }
  if (options.json) writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
  if (options.docs) await writeResults(DOCS, report);
  if (stop.signal.aborted) return 130;
  if (failed.length > 0) console.error(`\nFailed: ${failed.join(', ')}`);
  return failed.length > 0 ? 1 : 0;
}

/** `undefined` when it failed; it has said why. */
async function runOne(options: RunOptions, signal: AbortSignal): Promise<BenchmarkReport | undefined> {
  const child = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      `--import=${new URL('follow-parent.mjs', import.meta.url).href}`,
      'bench/support/run-one.ts',
      JSON.stringify(options),
    ],
    {
      // Results come by the fourth channel; the third is the life of this process (see follow-parent.mjs).
      stdio: ['ignore', 'inherit', 'inherit', 'pipe', 'ipc'],
      env: { ...process.env, GLEANER_FOLLOWS: String(process.pid) },
    },
  );
  let report: BenchmarkReport | undefined;
  child.on('message', (message) => (report = message as BenchmarkReport));
  const stop = (): void => void child.kill('SIGTERM');
  signal.addEventListener('abort', stop);
  const [code] = (await once(child, 'exit')) as [number | null];
  signal.removeEventListener('abort', stop);
  return code === 0 ? report : undefined;
}

try {
  process.exitCode = await main();
} catch (error) {
  // parseArgs explains what it did not understand.
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
