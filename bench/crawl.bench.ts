import { aim, type Aim, type Benchmark, measure, type Measure, median, ratios } from './support/benchmark.ts';
import { cpuSeconds, ServerCpuMeter, type ServerCpu } from './support/cpu.ts';
import { GleanerCrawls } from './support/crawl/gleaner-crawls.ts';
import type { CrawlResult } from './support/crawl/items.ts';
import { crawlBarely, crawlByScrapy, scrapyVersion } from './support/crawl/opponents.ts';
import { PAGES_A_SHARD, startShards } from './support/crawl/site.ts';

const SHARDS = 60;
/** The same for everybody. Above it nobody becomes faster; Scrapy is no slower with it than with its default of 16. */
const CONCURRENCY = 64;

/**
 * What a page costs with all that makes a crawl survive: a frontier in PostgreSQL, commits with the items, permits in
 * Redis. The bare loop is the least that this stack can do; Scrapy is what people use, in memory.
 */
const benchmark: Benchmark = {
  claim: 'a crawl takes a third of the CPU that Scrapy takes, and at most 2.5 times that of a bare loop',
  async run(context) {
    const shards = context.quick ? 3 : SHARDS;
    const site = await startShards(context, shards);
    const gleaner = await GleanerCrawls.prepare(context);
    await gleaner.declare({ sites: [site.url], shards, concurrency: CONCURRENCY });
    const order = { site: site.url, shards, database: gleaner.databaseUrl, concurrency: CONCURRENCY };
    const scrapy = scrapyVersion();
    const sides: Side[] = [
      { name: 'Gleaner', crawl: () => gleaner.crawl(1), results: [] },
      { name: 'the bare loop', crawl: () => crawlBarely(order), results: [] },
      ...(scrapy === undefined ? [] : [{ name: 'Scrapy', crawl: () => crawlByScrapy(order), results: [] }]),
      { name: 'two workers of Gleaner', crawl: () => gleaner.crawl(2), results: [] },
    ];
    const meter = new ServerCpuMeter(gleaner.client, context.redisUrl, context.stack);
    const read = async (): Promise<Usage> => ({ ...(await meter.read()), site: cpuSeconds(site) });

    for (let round = 1; round <= context.rounds; round++) {
      for (const side of sides) {
        context.say(`round ${round} of ${context.rounds}: ${side.name}`);
        const before = await read();
        const result = await side.crawl();
        const after = await read();
        expectSame(side.name, result, sides[0]?.results[0] ?? result, shards);
        side.results.push({
          ...result,
          postgres: after.postgres - before.postgres,
          redis: after.redis - before.redis,
          site: after.site - before.site,
        });
      }
    }
    const [one, bare, ...others] = sides.map(({ results }) => results);
    const two = others.at(-1);
    const theirs = scrapy === undefined ? undefined : others[0];
    if (!one || !bare || !two) throw new Error('a side is missing');
    const byBare = ratios(one.map(pagesPerCpuSecond), bare.map(pagesPerCpuSecond));
    const byScrapy = theirs && ratios(one.map(pagesPerCpuSecond), theirs.map(pagesPerCpuSecond));
    const byOne = ratios(two.map(pagesPerSecond), one.map(pagesPerSecond));
    return {
      measures: [
        ...sides.flatMap(measuresOf),
        measure("Gleaner's pages for a second of CPU by the bare loop's", '', byBare),
        ...(byScrapy ? [measure("Gleaner's pages for a second of CPU by Scrapy's", '', byScrapy)] : []),
        measure('pages/s of two workers by those of one', '', byOne),
      ],
      aims: aimsOf(byBare, byScrapy),
      notes: [
        `${shards * PAGES_A_SHARD} pages of ${shards} shards, ${one[0]?.items} items, ${CONCURRENCY} requests at once, no politeness; the same items on all sides, by their hash; each author page takes a redirect more`,
        'every crawl in processes that have just started, whose start does not count: compiling what runs often does, on all sides',
        "Gleaner's spider in code, its worker as in production; the others keep what is to be fetched in memory, and lose it with the process",
        scrapy === undefined
          ? 'Scrapy is not installed here (Debian: python3-scrapy and python3-psycopg2), so there is no comparison with it'
          : `Scrapy ${scrapy} of Debian`,
        'the site, PostgreSQL and Redis are on the same two cores as the crawlers: pages/s are those of the whole machine, which two workers share with all of them',
      ],
    };
  },
};

export default benchmark;

/** What else was used during a crawl, in seconds of CPU. */
interface Usage extends ServerCpu {
  site: number;
}

type Result = CrawlResult & Usage;

interface Side {
  name: string;
  crawl: () => Promise<CrawlResult>;
  results: Result[];
}

const pagesPerSecond = ({ pages, seconds }: CrawlResult): number => pages / seconds;
const pagesPerCpuSecond = (result: CrawlResult): number => result.pages / result.cpuSeconds;

function expectSame(name: string, result: CrawlResult, first: CrawlResult, shards: number): void {
  if (result.pages !== shards * PAGES_A_SHARD)
    throw new Error(`${name} has fetched ${result.pages} pages, expected ${shards * PAGES_A_SHARD}`);
  if (result.sha256 !== first.sha256)
    throw new Error(
      `${name} has found ${result.items} items with the hash ${result.sha256}, expected ${first.items} with ${first.sha256}`,
    );
}

/** Milliseconds of CPU are left out where the system does not tell. */
function measuresOf({ name, results }: Side): Measure[] {
  const millisAPage = (of: (result: Result) => number): number[] =>
    results.map((result) => (of(result) / result.pages) * 1000);
  const busy = ({ cpuSeconds: crawler, postgres, redis, site, seconds }: Result): number =>
    (crawler + postgres + redis + site) / seconds;
  const cpu = [
    measure(
      `${name}, CPU of the crawler`,
      'ms/page',
      millisAPage((result) => result.cpuSeconds),
    ),
    measure(
      `${name}, CPU of PostgreSQL`,
      'ms/page',
      millisAPage((result) => result.postgres),
    ),
    measure(
      `${name}, CPU of Redis`,
      'ms/page',
      millisAPage((result) => result.redis),
    ),
    measure(
      `${name}, CPU of the site`,
      'ms/page',
      millisAPage((result) => result.site),
    ),
    measure(`${name}, all of these together`, 'cores', results.map(busy)),
  ];
  return [
    measure(`${name}, speed`, 'pages/s', results.map(pagesPerSecond)),
    ...cpu.filter(({ samples }) => !samples.some(Number.isNaN)),
  ];
}

function aimsOf(byBare: readonly number[], byScrapy: readonly number[] | undefined): Aim[] {
  const ofScrapy = byScrapy?.some(Number.isNaN) === false ? byScrapy : undefined;
  return [
    ...(ofScrapy ? [aim("pages for a second of CPU by Scrapy's", median(ofScrapy), { atLeast: 3 })] : []),
    ...(byBare.some(Number.isNaN)
      ? []
      : [aim("pages for a second of CPU by the bare loop's", median(byBare), { atLeast: 0.4 })]),
  ];
}
