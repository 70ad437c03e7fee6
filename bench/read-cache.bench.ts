import { type GetOrFetch, openReadCache } from './adapters/read-cache.ts';
import { environment } from './support/application.ts';
import { type Benchmark, measure, type Measure } from './support/benchmark.ts';
import { callsPerSecond } from './support/callers.ts';
import { createDatabase } from './support/database.ts';

const KEYS = 500;
const CONCURRENCY = [1, 50];
const PAGE = {
  items: Array.from({ length: 20 }, (_, id) => ({
    id,
    text: 'A patient gardener outlasts every clock in the house.',
    author: { slug: 'author-1', name: 'Author 1' },
    tags: ['patience', 'time'],
    scrapedCount: 1,
  })),
  nextCursor: null,
};

/** What `getOrFetch` costs where a value can come from; fetching itself costs nothing here. */
const benchmark: Benchmark = {
  claim: 'getOrFetch: a hit in the process, a hit in Redis, a miss',
  async run(context) {
    const env = environment(context, await createDatabase(context));
    const memory = await openReadCache(env, context.stack);
    // The same keys in Redis, and no room for them in the process.
    const redis = await openReadCache({ ...env, CACHE_MEMORY_ENTRIES: '1' }, context.stack);
    // Keys of its own: what misses store takes the place of what was stored before.
    const missing = await openReadCache({ ...env, REDIS_PREFIX: `${env.REDIS_PREFIX}-miss` }, context.stack);
    for (let key = 0; key < KEYS; key++) await memory(`page:${key}`, async () => PAGE);
    await untilStored(redis);

    let turn = 0;
    const kinds: Record<string, () => Promise<unknown>> = {
      'hit in the process': () => memory(`page:${turn++ % KEYS}`, mustNotFetch),
      'hit in Redis': () => redis(`page:${turn++ % KEYS}`, mustNotFetch),
      miss: () => missing(`new:${turn++}`, async () => PAGE),
    };
    const durationMs = context.quick ? 100 : 1500;
    const measures: Measure[] = [];
    for (const concurrency of CONCURRENCY) {
      const samples = new Map(Object.keys(kinds).map((kind) => [kind, [] as number[]]));
      for (let round = 0; round <= context.rounds; round++) {
        context.say(
          `${concurrency} at once: ${round === 0 ? 'warming up' : `round ${round} of ${context.rounds}`}`,
        );
        for (const [kind, read] of Object.entries(kinds)) {
          const rate = await callsPerSecond(read, concurrency, durationMs);
          if (round > 0) samples.get(kind)?.push(rate);
        }
      }
      for (const [kind, rates] of samples) {
        measures.push(measure(`${kind}, ${concurrency} at once`, '1/s', rates));
        const micros = rates.map((rate) => 1e6 / rate);
        if (concurrency === 1) measures.push(measure(`${kind}, one after another`, 'µs', micros));
      }
    }
    const bytes = Buffer.byteLength(JSON.stringify(PAGE));
    return { measures, aims: [], notes: [`values of ${bytes} bytes; a miss stores in both tiers`] };
  },
};

export default benchmark;

async function mustNotFetch(): Promise<never> {
  throw new Error('fetched what is cached');
}

/** Redis is written to behind the answer: asks until it has the last key. */
async function untilStored(read: GetOrFetch): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      await read(`page:${KEYS - 1}`, mustNotFetch);
      return;
    } catch (error) {
      if (tries === 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
