import { aim, type Benchmark, measure, median } from './support/benchmark.ts';
import { residentBytes } from './support/memory.ts';
import { metric } from './support/metrics.ts';
import { gleaner } from './support/tasks/sides.ts';

const TASKS = 200_000;
const SLOTS = 50;
const MB = 1024 ** 2;

/** What a worker keeps of tasks is bounded: what it runs, and what the history has not written yet. */
const benchmark: Benchmark = {
  claim: 'the memory of a worker is the same at the beginning and at the end of 200,000 tasks',
  async run(context) {
    const tasks = context.quick ? 4000 : TASKS;
    const side = await gleaner(context, SLOTS);
    context.say('warming up');
    await side.run(tasks / 20);
    const samples: { heap: number; rss: number; at: number }[] = [];
    const start = performance.now();
    context.say(`${tasks} tasks`);
    const seconds = await side.run(tasks, async () => {
      const at = performance.now() - start;
      if (samples.length > 0 && at - (samples.at(-1)?.at ?? 0) < 100) return;
      const heap = (await metric(side.worker.url, 'nodejs_heap_size_used_bytes')) / MB;
      samples.push({ heap, rss: residentBytes(side.worker.pid) / MB, at });
    });
    const part = (from: number, to: number) =>
      samples.slice(Math.floor(samples.length * from), Math.ceil(samples.length * to));
    const parts = [
      { name: 'first quarter', of: part(0, 0.25) },
      { name: 'second quarter', of: part(0.25, 0.5) },
      { name: 'last quarter', of: part(0.75, 1) },
    ] as const;
    const [begin, middle, end] = parts;
    // What is left after a collection; each part is long enough for several.
    const least = ({ of }: (typeof parts)[number]): number => Math.min(...of.map(({ heap }) => heap));
    const resident = ({ of }: (typeof parts)[number]): number => median(of.map(({ rss }) => rss));
    return {
      measures: [
        ...parts.map(({ name, of }) =>
          measure(
            `resident memory, ${name}`,
            'MB',
            of.map(({ rss }) => rss),
          ),
        ),
        ...parts.map(({ name, of }) =>
          measure(
            `heap in use, ${name}`,
            'MB',
            of.map(({ heap }) => heap),
          ),
        ),
        measure('speed', 'tasks/s', [tasks / seconds]),
      ],
      aims: [
        aim('least heap in use at the end by that at the beginning', least(end) / least(begin), {
          atMost: 1.1,
        }),
        aim('resident memory at the end by that in the second quarter', resident(end) / resident(middle), {
          atMost: 1.1,
        }),
      ],
      notes: ['the worker is asked for its metrics ten times a second meanwhile'],
    };
  },
};

export default benchmark;
