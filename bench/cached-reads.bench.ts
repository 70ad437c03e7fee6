import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { environment, type Server, startApplication, startServer } from './support/application.ts';
import type { Captured } from './support/bare-fastify.ts';
import { aim, type Aim, type Benchmark, measure, type Measure, median, ratios } from './support/benchmark.ts';
import { cpuSeconds } from './support/cpu.ts';
import { createDatabase, fill } from './support/database.ts';
import { type Load, type LoadResult, startLoad, type Target } from './support/load/index.ts';

const QUOTES = 1000;
const IDS = 50;
const CONNECTIONS = 32;
/** Node and Fastify write these by themselves. */
const OWN_HEADERS = new Set(['content-length', 'date', 'connection', 'keep-alive']);

/**
 * A cached read must cost little more than what Fastify needs to send the same bytes. Everything that production has is
 * on: throttling, metrics, and a log line a request, written to a file.
 */
const benchmark: Benchmark = {
  claim: 'cached GET /quotes/:id and GET /quotes?limit=20 reach 0.6 of a bare Fastify with the same bytes',
  async run(context) {
    const database = await createDatabase(context);
    await fill(database, QUOTES);
    const gleaner = await startApplication(context, 'gleaner', environment(context, database));
    const routes = [
      {
        name: 'GET /quotes/:id',
        answers: await capture(
          gleaner,
          range(IDS).map((id) => `/api/v1/quotes/${id + 1}`),
        ),
      },
      { name: 'GET /quotes?limit=20', answers: await capture(gleaner, ['/api/v1/quotes?limit=20']) },
    ];
    const file = join(context.dir, 'answers.json');
    writeFileSync(file, JSON.stringify(routes.flatMap((route) => route.answers)));
    const bare = await startServer(
      context,
      'bare-fastify',
      ['--disable-warning=ExperimentalWarning', 'bench/support/bare-fastify.ts', file],
      { NODE_ENV: 'production' },
      /listens on (http:\/\/\S+)/,
    );

    const load = startLoad(context);
    const durationMs = context.quick ? 500 : 4000;
    const measures: Measure[] = [];
    const aims: Aim[] = [];
    let busiest = 0;
    for (const { name, answers } of routes) {
      const targets = answers.map(({ path, body }) => ({ path, body }));
      const at = (server: Server, ms: number): Promise<Driven> => drive(load, server, targets, ms);
      context.say(`${name}: warming up`);
      for (const server of [gleaner, bare]) await at(server, context.quick ? 300 : 3000);
      const ours: Driven[] = [];
      const theirs: Driven[] = [];
      for (let round = 1; round <= context.rounds; round++) {
        context.say(`${name}: round ${round} of ${context.rounds}`);
        ours.push(await at(gleaner, durationMs));
        theirs.push(await at(bare, durationMs));
      }
      const throughput = ratios(ours.map(perSecond), theirs.map(perSecond));
      const tail = ratios(ours.map(p99), theirs.map(p99));
      measures.push(
        measure(`${name}, Gleaner`, 'requests/s', ours.map(perSecond)),
        measure(`${name}, bare Fastify`, 'requests/s', theirs.map(perSecond)),
        measure(`${name}, ratio`, '', throughput),
        measure(`${name}, p99 of Gleaner`, 'ms', ours.map(p99)),
        measure(`${name}, p99 of bare Fastify`, 'ms', theirs.map(p99)),
        measure(`${name}, ratio of p99`, '', tail),
        ...cpuMeasures(name, ours, theirs),
      );
      aims.push(
        aim(`throughput of ${name} by that of bare Fastify`, median(throughput), { atLeast: 0.6 }),
        aim(`p99 of ${name} by that of bare Fastify`, median(tail), { atMost: 2 }),
      );
      busiest = Math.max(busiest, ...[...ours, ...theirs].map((result) => result.cpu));
    }
    const [example] = routes[1]?.answers ?? [];
    return {
      measures,
      aims,
      notes: [
        `${CONNECTIONS} connections, each waiting for its answer; every answer compared byte for byte`,
        `a page of 20 has ${Buffer.from(example?.body ?? '', 'base64').length} bytes and ${Object.keys(example?.headers ?? {}).length} headers beside Node's own`,
        `the load generator took up to ${(busiest * 100).toFixed(0)} % of a core`,
      ],
    };
  },
};

export default benchmark;

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
const perSecond = ({ answers, seconds }: LoadResult): number => answers / seconds;
const p99 = ({ latency }: LoadResult): number => latency.p99;

/** What the generator saw, and the CPU time in microseconds that the server took for each answer. */
type Driven = LoadResult & { cpuMicros: number };

/** Nothing where the system does not tell. */
function cpuMeasures(name: string, ours: readonly Driven[], theirs: readonly Driven[]): Measure[] {
  const [our, their] = [ours, theirs].map((side) => side.map(({ cpuMicros }) => cpuMicros));
  if (!our || !their || our.some(Number.isNaN)) return [];
  return [
    measure(`${name}, CPU of Gleaner`, 'µs/request', our),
    measure(`${name}, CPU of bare Fastify`, 'µs/request', their),
    measure(`${name}, CPU of bare Fastify by Gleaner's`, '', ratios(their, our)),
  ];
}

async function drive(load: Load, server: Server, targets: Target[], durationMs: number): Promise<Driven> {
  const before = cpuSeconds(server);
  const result = await load({
    host: '127.0.0.1',
    ports: [server.port],
    connections: CONNECTIONS,
    durationMs,
    mixes: [{ weight: 1, targets, pick: 'in turn' }],
  });
  server.assertRunning();
  return { ...result, cpuMicros: ((cpuSeconds(server) - before) / result.answers) * 1e6 };
}

/** Asks once for each path, which fills the cache as well. */
async function capture({ url }: Server, paths: readonly string[]): Promise<Captured[]> {
  return Promise.all(
    paths.map(async (path) => {
      const answer = await fetch(url + path, { headers: { 'accept-encoding': 'identity' } });
      if (answer.status !== 200)
        throw new Error(`GET ${path}: status ${answer.status}: ${await answer.text()}`);
      const headers = [...answer.headers].filter(([name]) => !OWN_HEADERS.has(name));
      const body = Buffer.from(await answer.arrayBuffer()).toString('base64');
      return { path, headers: Object.fromEntries(headers), body };
    }),
  );
}
