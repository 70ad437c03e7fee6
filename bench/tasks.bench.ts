import {
  aim,
  type Benchmark,
  type BenchmarkContext,
  measure,
  type Measure,
  median,
  ratios,
} from './support/benchmark.ts';
import { bareBull, gleaner, type Side } from './support/tasks/sides.ts';

const TASKS = 20_000;
/** Slots of the worker; the first is what the aims are for. */
const CONCURRENCY = [50, 10];
const CALLERS = 10;
const SINGLES = 2000;

/**
 * Tasks that do nothing, from the call that enqueues them until all is known of them, in one worker process: with
 * fencing, revoking, limits, history in PostgreSQL, metrics and two lines of log a task. Bare Bull has none of these.
 */
const benchmark: Benchmark = {
  claim:
    'tasks with history, metrics, log and revoking reach half the throughput of bare Bull, and 3,500 a second',
  async run(context) {
    const tasks = context.quick ? 500 : TASKS;
    const measures: Measure[] = [];
    const aims = [];
    for (const concurrency of CONCURRENCY) {
      const [ours, theirs] = [await gleaner(context, concurrency), await bareBull(context, concurrency)];
      const speeds = await throughput(context, [ours, theirs], tasks, concurrency);
      const [mine = [], bare = []] = speeds;
      measures.push(
        measure(`Gleaner, ${concurrency} slots`, 'tasks/s', mine),
        measure(`bare Bull, ${concurrency} slots`, 'tasks/s', bare),
        measure(`Gleaner by bare Bull, ${concurrency} slots`, '', ratios(mine, bare)),
      );
      if (concurrency !== CONCURRENCY[0]) continue;
      aims.push(
        aim('throughput by that of bare Bull', median(ratios(mine, bare)), { atLeast: 0.5 }),
        aim('tasks a second', median(mine), { atLeast: 3500 }),
      );
      measures.push(...(await latencies(context, [ours, theirs], context.quick ? 100 : SINGLES)));
    }
    return {
      measures,
      aims,
      notes: [
        'one producer and one worker process; Gleaner is done when its history has every task as succeeded, Bull when its handler was called',
        `enqueueing: ${CALLERS} callers that wait for each answer, while a worker runs what they enqueue`,
      ],
    };
  },
};

export default benchmark;

async function throughput(
  { rounds, say }: BenchmarkContext,
  sides: readonly Side[],
  tasks: number,
  concurrency: number,
): Promise<number[][]> {
  const speeds = sides.map((): number[] => []);
  say(`${concurrency} slots: warming up`);
  for (const side of sides) await side.run(tasks / 4);
  for (let round = 1; round <= rounds; round++) {
    say(`${concurrency} slots: round ${round} of ${rounds}`);
    for (const [n, side] of sides.entries()) speeds[n]?.push(tasks / (await side.run(tasks)));
  }
  return speeds;
}

async function latencies(
  { rounds, say }: BenchmarkContext,
  sides: readonly Side[],
  count: number,
): Promise<Measure[]> {
  const p99s = sides.map((): number[] => []);
  const medians = sides.map((): number[] => []);
  for (let round = 0; round <= rounds; round++) {
    say(`enqueueing: ${round === 0 ? 'warming up' : `round ${round} of ${rounds}`}`);
    for (const [n, side] of sides.entries()) {
      const times = (await timesOf(side, count)).toSorted((a, b) => a - b);
      if (round === 0) continue;
      p99s[n]?.push(times[Math.floor(times.length * 0.99)] ?? Number.NaN);
      medians[n]?.push(median(times));
    }
  }
  return sides.flatMap(({ name }, n) => [
    measure(`enqueueing one, ${name}, median`, 'ms', medians[n] ?? []),
    measure(`enqueueing one, ${name}, p99`, 'ms', p99s[n] ?? []),
  ]);
}

async function timesOf(side: Side, count: number): Promise<number[]> {
  const times: number[] = [];
  let left = count;
  await Promise.all(
    Array.from({ length: CALLERS }, async () => {
      while (left-- > 0) {
        const start = performance.now();
        await side.enqueue();
        times.push(performance.now() - start);
      }
    }),
  );
  return times;
}
