import { execFileSync } from 'node:child_process';
import { environment, startApplication } from './support/application.ts';
import { aim, type Benchmark, measure } from './support/benchmark.ts';
import { createDatabase, fill } from './support/database.ts';
import { startLoad } from './support/load/index.ts';
import { residentBytes } from './support/memory.ts';

const QUOTES = 1000;
/** Each loopback address has some 28,000 ports for connections to one server. */
const SOURCES = ['127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.5'];
/** Beside the connections: libraries, log, PostgreSQL, Redis. */
const OTHER_DESCRIPTORS = 500;

/** Many clients that are connected and mostly silent, as behind a proxy that keeps its connections. */
const benchmark: Benchmark = {
  claim: '10,000 open connections, each asking now and then for a minute: no error',
  async run(context) {
    const connections = context.quick ? 300 : 10_000;
    checkDescriptors(connections + OTHER_DESCRIPTORS);
    const database = await createDatabase(context);
    await fill(database, QUOTES);
    const server = await startApplication(context, 'gleaner', environment(context, database));
    const load = startLoad(context);
    const job = (count: number, openingMs: number, pauseMs: number, durationMs: number) =>
      load({
        host: '127.0.0.1',
        ports: [server.port],
        connections: count,
        durationMs,
        mixes: [
          {
            weight: 1,
            pick: { zipf: 1, seed: 1 },
            targets: Array.from({ length: QUOTES }, (_, index) => ({ path: `/api/v1/quotes/${index + 1}` })),
          },
        ],
        patience: { openingMs, pauseMs, from: SOURCES },
      });

    // The same number of requests on few connections first: what memory they take is not the connections'.
    context.say('warming up on few connections');
    const pauseMs = context.quick ? 300 : 10_000;
    await job(50, 100, context.quick ? 20 : 50, context.quick ? 1000 : 20_000);
    const before = residentBytes(server.pid);
    context.say(`opening ${connections} connections`);
    const openingMs = context.quick ? 300 : 10_000;
    const lastingMs = openingMs + (context.quick ? 1500 : 60_000);
    const during: number[] = [];
    const watch = setInterval(() => during.push(residentBytes(server.pid)), 500);
    const result = await job(connections, openingMs, pauseMs, lastingMs).finally(() => clearInterval(watch));
    server.assertRunning();
    // Once all are open: what the server holds on average, garbage included.
    const open = during.slice(Math.ceil(during.length * (openingMs / lastingMs)));
    return {
      measures: [
        measure('requests', '1/s', [result.answers / result.seconds]),
        measure('p50', 'ms', [result.latency.p50]),
        measure('p99', 'ms', [result.latency.p99]),
        measure('slowest', 'ms', [result.latency.max]),
        measure('errors', '', [result.errors]),
        measure(
          'resident memory of the server',
          'MB',
          open.map((bytes) => bytes / 1e6),
        ),
        measure(
          'memory per connection',
          'kB',
          open.map((bytes) => (bytes - before) / connections / 1000),
        ),
      ],
      aims: [aim('errors', result.errors, { atMost: 0 })],
      notes: [
        `${connections} connections, opened within ${openingMs / 1000} s from ${SOURCES.length} addresses; each asks, on average, every ${pauseMs / 1000} s`,
        'memory is what the system counts as resident, less what it was before the connections',
      ],
    };
  },
};

export default benchmark;

/** Node raises its soft limit to the hard one by itself. @throws Error that says how to raise that. */
function checkDescriptors(needed: number): void {
  const limit = execFileSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).trim();
  if (limit !== 'unlimited' && Number(limit) < needed)
    throw new Error(
      `${needed} open files are needed, the limit is ${limit}; raise it, e.g. by: ulimit -Hn ${needed}`,
    );
}
