import { cursorMaker } from './adapters/cursor.ts';
import { environment, type Server, startApplication } from './support/application.ts';
import { aim, type Aim, type Benchmark, measure, type Measure, median, ratios } from './support/benchmark.ts';
import { connect, createDatabase, fill } from './support/database.ts';
import { startLoad } from './support/load/index.ts';

/** Different requests of a kind, so that no buffer and no plan is the work of a single one. */
const VARIANTS = 40;

/** Each kind of read that the API has, with paths spread over all of the data. */
type Kinds = Record<string, string[]>;

/** With the cache off: every answer is read from PostgreSQL. */
const benchmark: Benchmark = {
  claim: 'a page read from 1 million quotes has a p95 within 1.5 of that from 10 thousand',
  async run(context) {
    const counts = context.quick ? [200, 1000] : [10_000, 100_000, 1_000_000];
    const sites: { count: number; server: Server; kinds: Kinds }[] = [];
    for (const count of counts) {
      context.say(`filling a database with ${count} quotes`);
      const database = await createDatabase(context);
      await fill(database, count);
      const env: Record<string, string> = { ...environment(context, database), CACHE_TTL_MS: '0' };
      env.REDIS_PREFIX += `-${count}`;
      const server = await startApplication(context, `gleaner-${count}`, env);
      sites.push({ count, server, kinds: await kindsOf(database, count) });
    }
    const load = startLoad(context);
    const durationMs = context.quick ? 60 : 400;
    const p95s = new Map<string, number[]>();
    for (let round = 0; round <= context.rounds; round++) {
      context.say(round === 0 ? 'warming up' : `round ${round} of ${context.rounds}`);
      for (const kind of Object.keys(sites[0]?.kinds ?? {})) {
        for (const { count, server, kinds } of sites) {
          const { latency } = await load({
            host: '127.0.0.1',
            ports: [server.port],
            connections: 1,
            durationMs,
            mixes: [{ weight: 1, targets: (kinds[kind] ?? []).map((path) => ({ path })), pick: 'in turn' }],
          });
          const key = keyOf(kind, count);
          if (round > 0) p95s.set(key, [...(p95s.get(key) ?? []), latency.p95]);
        }
      }
    }
    const [smallest = 0, ...larger] = counts;
    const measures: Measure[] = [];
    const aims: Aim[] = [];
    for (const kind of Object.keys(sites[0]?.kinds ?? {})) {
      const base = p95s.get(keyOf(kind, smallest)) ?? [];
      for (const count of counts)
        measures.push(measure(`p95 of ${keyOf(kind, count)}`, 'ms', p95s.get(keyOf(kind, count)) ?? []));
      for (const count of larger)
        aims.push(
          aim(
            `p95 of ${keyOf(kind, count)} by that at ${smallest}`,
            median(ratios(p95s.get(keyOf(kind, count)) ?? [], base)),
            { atMost: 1.5 },
          ),
        );
    }
    return {
      measures,
      aims,
      notes: [
        `one request at a time, ${VARIANTS} different ones of a kind; cache off; everything in the memory of PostgreSQL's host`,
        'an author has 20 quotes on average and a tag a share of all: lists by tag grow with the data, their pages should not',
      ],
    };
  },
};

export default benchmark;

const keyOf = (kind: string, count: number): string => `${kind} at ${count}`;

async function kindsOf(database: string, count: number): Promise<Kinds> {
  const cursorOf = await cursorMaker();
  const spread = Array.from(
    { length: VARIANTS },
    (_, index) => 1 + Math.floor((index * (count - 1)) / VARIANTS),
  );
  const authors = Array.from(
    { length: VARIANTS },
    (_, index) => `author-${1 + Math.floor((index * (count / 20 - 1)) / VARIANTS)}`,
  );
  const client = await connect(database);
  const { rows } = await client.query<{ id: string; created_at: Date }>(
    'SELECT id, created_at FROM quote WHERE id = ANY ($1::bigint[])',
    [spread],
  );
  await client.end();
  const cursors = rows.map(({ id, created_at }) => cursorOf([created_at.toISOString(), Number(id)]));
  const quotes = '/api/v1/quotes?limit=20';
  return {
    'one quote': spread.map((id) => `/api/v1/quotes/${id}`),
    'a quote at random': ['/api/v1/quotes/random'],
    'newest quotes': [quotes],
    'quotes behind a cursor': cursors.map((cursor) => `${quotes}&cursor=${cursor}`),
    'quotes by author': authors.map((author) => `${quotes}&author=${author}`),
    'quotes of an author': authors.map((author) => `/api/v1/authors/${author}/quotes?limit=20`),
    'quotes by popular tag': range(7).map((n) => `${quotes}&tag=tag-${n + 1}`),
    'quotes by rare tag': range(VARIANTS).map((n) => `${quotes}&tag=tag-${8 + n}`),
    'quotes by tag behind a cursor': cursors.map(
      (cursor, n) => `${quotes}&tag=tag-${1 + (n % 60)}&cursor=${cursor}`,
    ),
    'quotes by source': [`${quotes}&source=quotes`],
    'quotes by a frequent word': ['patience', 'lighthouse', 'tide'].map((word) => `${quotes}&q=${word}`),
    'quotes by a rare word': spread.map((id) => `${quotes}&q=${id}`),
    'quotes by word and author': authors.map((author) => `${quotes}&q=patience&author=${author}`),
    'quotes by word and tag': range(VARIANTS).map((n) => `${quotes}&q=kettle&tag=tag-${1 + n}`),
    'one author': authors.map((author) => `/api/v1/authors/${author}`),
    'list of authors': ['/api/v1/authors?limit=20'],
    'list of tags': ['/api/v1/tags?limit=20'],
    'list of sources': ['/api/v1/sources'],
    'list of runs': ['/api/v1/runs'],
  };
}

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
