import { aim, type Benchmark, measure, median } from './support/benchmark.ts';
import { GleanerCrawls } from './support/crawl/gleaner-crawls.ts';
import { startShards } from './support/crawl/site.ts';

const RATE = 20;
/** Of 110 requests each. */
const SHARDS = 5;
const WORKERS = 3;

/** Several workers share one host's budget: none of it is lost between them. */
const benchmark: Benchmark = {
  claim: 'three workers use nearly all of the rate that one host allows',
  async run(context) {
    const [rate, shards] = context.quick ? [200, 1] : [RATE, SHARDS];
    const site = await startShards(context, shards);
    const gleaner = await GleanerCrawls.prepare(context);
    await gleaner.declare({ sites: [site.url], shards, concurrency: 8, rate });
    const shares: number[] = [];
    for (let round = 1; round <= context.rounds; round++) {
      context.say(`round ${round} of ${context.rounds}`);
      const { run, seconds } = await gleaner.crawl(WORKERS);
      const requests = run.stats['downloader/request_count'] ?? 0;
      shares.push((requests - 1) / seconds / rate);
    }
    return {
      measures: [measure('share of the rate that was used', '', shares)],
      aims: [aim('share of the rate that was used', median(shares), { atLeast: 0.95 })],
      notes: [`${rate} requests a second; the beginning and the end of the run count as well`],
    };
  },
};

export default benchmark;
