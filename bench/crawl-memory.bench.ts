import type { Server } from './support/application.ts';
import { aim, type Benchmark, measure, median } from './support/benchmark.ts';
import { GleanerCrawls, type Run } from './support/crawl/gleaner-crawls.ts';
import { PAGES_A_SHARD, startShards } from './support/crawl/site.ts';
import { residentBytes } from './support/memory.ts';
import { metric } from './support/metrics.ts';

const PAGES = 100_000;
const CONCURRENCY = 64;
/** Parts of the crawl of which the memory is shown, as shares of its pages. */
const PARTS = [
  { name: 'pages 5 to 20 %', from: 0.05, to: 0.2 },
  { name: 'pages 40 to 55 %', from: 0.4, to: 0.55 },
  { name: 'pages 85 to 100 %', from: 0.85, to: 1 },
];

/** What a worker keeps of a run is bounded, so a crawl may be of any length. */
const benchmark: Benchmark = {
  claim: 'the memory of a worker is the same at the beginning and at the end of a crawl of 100,000 pages',
  async run(context) {
    const shards = Math.ceil((context.quick ? 5000 : PAGES) / PAGES_A_SHARD);
    const site = await startShards(context, shards);
    const gleaner = await GleanerCrawls.prepare(context);
    await gleaner.declare({ sites: [site.url], shards, concurrency: CONCURRENCY });
    context.say(`one crawl of ${shards * PAGES_A_SHARD} pages`);
    const samples: Sample[] = [];
    const { pages, seconds } = await gleaner.crawl(1, async (run, [worker]) => {
      if (worker) samples.push(await sampleOf(worker, run));
    });
    const ofPart = ({ from, to }: (typeof PARTS)[number]): Sample[] =>
      samples.filter((sample) => sample.pages > from * pages && sample.pages <= to * pages);
    const [begin, middle, end] = PARTS.map(ofPart);
    if (!begin || !middle || !end) throw new Error('nothing was measured');
    // What is left of it after a collection; the parts are long enough for several.
    const leastHeap = (part: readonly Sample[]): number => Math.min(...part.map(({ heap }) => heap));
    const resident = (part: readonly Sample[]): number => median(part.map(({ rss }) => rss));
    return {
      measures: [
        ...PARTS.map((part) =>
          measure(
            `resident memory, ${part.name}`,
            'MB',
            ofPart(part).map(({ rss }) => rss),
          ),
        ),
        ...PARTS.map((part) =>
          measure(
            `heap in use, ${part.name}`,
            'MB',
            ofPart(part).map(({ heap }) => heap),
          ),
        ),
        measure('speed', 'pages/s', [pages / seconds]),
      ],
      aims: [
        aim('least heap in use at the end by that at the beginning', leastHeap(end) / leastHeap(begin), {
          atMost: 1.1,
        }),
        aim('resident memory at the end by that in the middle', resident(end) / resident(middle), {
          atMost: 1.1,
        }),
      ],
      notes: [
        `one crawl of ${pages} pages by one worker, whatever the number of rounds; ranges are over the samples of a part, ten a second at most`,
        'the heap in use includes what the next garbage collection will free; its least is what is really kept',
        'resident memory grows with the largest heap so far, for V8 and malloc give little back: it is flat when that has been reached',
      ],
    };
  },
};

export default benchmark;

/** Memory in MB when the run had so many pages. */
interface Sample {
  pages: number;
  rss: number;
  heap: number;
}

async function sampleOf(worker: Server, { stats }: Run): Promise<Sample> {
  return {
    pages: stats['downloader/response_count'] ?? 0,
    rss: residentBytes(worker.pid) / 1e6,
    heap: (await metric(worker.url, 'nodejs_heap_size_used_bytes')) / 1e6,
  };
}
