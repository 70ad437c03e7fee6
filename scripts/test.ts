/**
 * npm test: everything that has to hold before a change lands. Runs all gates, also after one has failed, so that one
 * run tells all there is to mend; then the tests, on PostgreSQL and Redis that they provide themselves.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { buildIfStale } from './build.ts';

const REPORT = '.gleaner/test/report.json';

/** What vitest's JSON reporter writes; counts of single tests. */
interface Report {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
}

let child: ReturnType<typeof spawn> | undefined;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child?.kill(signal));

async function run(program: string, args: readonly string[]): Promise<boolean> {
  child = spawn(program, args, { stdio: 'inherit' });
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  if (signal !== null) process.exit(130);
  return code === 0;
}

async function gate(name: string, pass: () => Promise<boolean>): Promise<string[]> {
  const start = performance.now();
  console.log(`\n── ${name}`);
  const passed = await pass();
  console.log(
    `── ${name}: ${passed ? 'passed' : 'FAILED'} in ${((performance.now() - start) / 1000).toFixed(1)} s`,
  );
  return passed ? [] : [name];
}

function readReport(): Report | undefined {
  try {
    return JSON.parse(readFileSync(REPORT, 'utf8')) as Report;
  } catch {
    return undefined; // The runner ended before it could report; its exit code has already failed the gate.
  }
}

mkdirSync('.gleaner/test', { recursive: true });
rmSync(REPORT, { force: true });
const failed = [
  ...(await gate('build', () =>
    buildIfStale(console.log).then(
      () => true,
      () => false,
    ),
  )),
  ...(await gate('lint', () => run('npm', ['run', '--silent', 'lint']))),
  ...(await gate('typecheck', () => run('npm', ['run', '--silent', 'typecheck']))),
  ...(await gate('tests', () =>
    run('vitest', [
      'run',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${REPORT}`,
      ...process.argv.slice(2),
    ]),
  )),
];
const report = readReport();
const skipped = (report?.numPendingTests ?? 0) + (report?.numTodoTests ?? 0);
if (skipped > 0) failed.push(`${skipped} skipped tests`);
if (failed.length > 0) console.log(`\nFailed: ${failed.join(', ')}`);

// A failed gate counts as one failure even when no single test has failed.
const failures = Math.max(report?.numFailedTests ?? 0, failed.length);
console.log(`\n${report?.numPassedTests ?? 0} passed, ${failures} failed`);
process.exitCode = failures === 0 && (report?.numPassedTests ?? 0) > 0 ? 0 : 1;
