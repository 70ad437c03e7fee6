/** Runs one benchmark in a process of its own, so that none inherits the heap, the timers or the compiled code of another. */
import { mkdirSync } from 'node:fs';
import type { Benchmark, BenchmarkContext } from './benchmark.ts';
import type { BenchmarkReport } from './report.ts';

export type RunOptions = Omit<BenchmarkContext, 'stack' | 'say'>;

const options = JSON.parse(process.argv[2] ?? '') as RunOptions;
mkdirSync(options.dir, { recursive: true });
const { default: benchmark } = (await import(`../${options.name}.bench.ts`)) as { default: Benchmark };
const start = performance.now();
const report = await run();
process.send?.({ ...report, seconds: (performance.now() - start) / 1000 } satisfies BenchmarkReport);
// A client library's timer must not keep us.
process.disconnect?.();

async function run(): Promise<Omit<BenchmarkReport, 'seconds'>> {
  await using stack = new AsyncDisposableStack();
  const say = (line: string): void => console.error(`   ${line}`);
  const outcome = await benchmark.run({ ...options, stack, say });
  return { name: options.name, claim: benchmark.claim, ...outcome };
}
