import { environment, type Server, startApplication } from './support/application.ts';
import { aim, type Benchmark, measure, median, ratios } from './support/benchmark.ts';
import { createDatabase, fill } from './support/database.ts';
import { type LoadResult, type Mix, startLoad } from './support/load/index.ts';
import { metric } from './support/metrics.ts';

const PROCESSES = 2;
const CONNECTIONS = 32;
/** Between those that measurements of web traffic give for single resources (0.6 to 1.2). */
const EXPONENT = 1.1;
const TAGS = 200;

/** What `gleaner_cache_requests_total` calls an answer that cost no query. */
const HITS = ['hit', 'negative_hit', 'stale_hit', 'shared'];

interface Side {
  name: string;
  servers: Server[];
}

interface Counted {
  answers: number;
  perSecond: number;
  queriesPerThousand: number;
  hitRatio: number;
}

/** Two processes share what Redis has; popular reads are far more frequent than others, as everywhere. */
const benchmark: Benchmark = {
  claim:
    'of a Zipf-distributed mix of reads over 100 thousand quotes 0.95 are hits, and a tenth of the queries is left',
  async run(context) {
    const quotes = context.quick ? 1000 : 100_000;
    context.say(`filling a database with ${quotes} quotes`);
    const database = await createDatabase(context);
    await fill(database, quotes);
    const env = environment(context, database);
    const start = async (name: string, more: Record<string, string>): Promise<Side> => ({
      name,
      servers: await Promise.all(
        Array.from({ length: PROCESSES }, (_, index) =>
          startApplication(context, `${name}-${index}`, { ...env, ...more }),
        ),
      ),
    });
    const on = await start('cache-on', {});
    const off = await start('cache-off', { CACHE_TTL_MS: '0', REDIS_PREFIX: `${env.REDIS_PREFIX}-off` });
    const load = startLoad(context);
    let seed = 1;
    const drive = (side: Side, durationMs: number): Promise<LoadResult> =>
      load({
        host: '127.0.0.1',
        ports: side.servers.map(({ port }) => port),
        connections: CONNECTIONS,
        durationMs,
        mixes: mixesOf(quotes, seed++),
      });
    const stretch = async (side: Side, durationMs: number): Promise<Counted> => {
      const before = await countersOf(side);
      const { answers, seconds } = await drive(side, durationMs);
      const after = await countersOf(side);
      return {
        answers,
        perSecond: answers / seconds,
        queriesPerThousand: ((after.queries - before.queries) / answers) * 1000,
        hitRatio: (after.hits - before.hits) / (after.reads - before.reads),
      };
    };

    const warmUpMs = context.quick ? 2000 : 90_000;
    context.say(`warming up for ${warmUpMs / 1000} s`);
    const warmUp = await drive(on, warmUpMs);
    await drive(off, warmUpMs / 20);
    const cached: Counted[] = [];
    const direct: Counted[] = [];
    for (let round = 1; round <= context.rounds; round++) {
      context.say(`round ${round} of ${context.rounds}`);
      cached.push(await stretch(on, context.quick ? 400 : 4000));
      direct.push(await stretch(off, context.quick ? 400 : 4000));
    }
    const queries = (side: readonly Counted[]): number[] =>
      side.map(({ queriesPerThousand }) => queriesPerThousand);
    const cut = ratios(queries(direct), queries(cached));
    const hitRatios = cached.map(({ hitRatio }) => hitRatio);
    return {
      measures: [
        measure('hit ratio', '', hitRatios),
        measure('queries for 1000 answers, cache on', '', queries(cached)),
        measure('queries for 1000 answers, cache off', '', queries(direct)),
        measure('queries, off by on', '', cut),
        measure(
          'answers, cache on',
          '1/s',
          cached.map(({ perSecond }) => perSecond),
        ),
        measure(
          'answers, cache off',
          '1/s',
          direct.map(({ perSecond }) => perSecond),
        ),
      ],
      aims: [
        aim('hit ratio', median(hitRatios), { atLeast: 0.95 }),
        aim('queries with the cache off by those with it on', median(cut), { atLeast: 10 }),
      ],
      notes: [
        `half of the requests for single quotes, a quarter for authors and their quotes, a quarter for first pages, also by tag; each part by Zipf's law with exponent ${EXPONENT}`,
        `${PROCESSES} processes, ${CONNECTIONS} connections; warmed up by ${warmUp.answers} requests in ${warmUp.seconds.toFixed(0)} s; nothing expires or changes meanwhile`,
      ],
    };
  },
};

export default benchmark;

function mixesOf(quotes: number, seed: number): Mix[] {
  const pick = { zipf: EXPONENT, seed };
  // Popular ones are not the neighbours of each other: 7919 is prime to every size used here.
  const shuffled = (count: number): number[] =>
    Array.from({ length: count }, (_, rank) => 1 + ((rank * 7919) % count));
  const authors = shuffled(Math.floor(quotes / 20));
  const lists = ['/api/v1/quotes', '/api/v1/quotes?limit=20', '/api/v1/tags', '/api/v1/authors'];
  const byTag = shuffled(TAGS).map((tag) => `/api/v1/quotes?tag=tag-${tag}`);
  const toTargets = (paths: readonly string[]): Mix['targets'] => paths.map((path) => ({ path }));
  return [
    { weight: 2, pick, targets: toTargets(shuffled(quotes).map((id) => `/api/v1/quotes/${id}`)) },
    {
      weight: 1,
      pick,
      targets: toTargets(
        authors.flatMap((n) => [`/api/v1/authors/author-${n}`, `/api/v1/authors/author-${n}/quotes`]),
      ),
    },
    { weight: 1, pick, targets: toTargets([...lists, ...byTag]) },
  ];
}

async function countersOf({ servers }: Side): Promise<{ queries: number; reads: number; hits: number }> {
  const sum = async (name: string, ...labels: readonly string[]): Promise<number> => {
    const counts = await Promise.all(servers.map(({ url }) => metric(url, name, ...labels)));
    return counts.reduce((total, count) => total + count, 0);
  };
  const hits = await Promise.all(
    HITS.map((result) => sum('gleaner_cache_requests_total', `result="${result}"`)),
  );
  return {
    queries: await sum('gleaner_database_query_duration_seconds_count'),
    reads: await sum('gleaner_cache_requests_total'),
    hits: hits.reduce((total, count) => total + count, 0),
  };
}
