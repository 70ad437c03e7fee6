import { environment, type Server, startApplication, startServer } from './support/application.ts';
import { aim, type Aim, type Benchmark, measure, type Measure, median, ratios } from './support/benchmark.ts';
import { cpuSeconds } from './support/cpu.ts';
import { createDatabase, fill } from './support/database.ts';
import { type LoadResult, startLoad } from './support/load/index.ts';

const QUOTES = 1000;
const CONNECTIONS = 32;

/** What is asked of the API, and with which settings. */
const READS = [
  { name: 'cached', path: (n: number) => `/api/v1/quotes/${1 + (n % 50)}`, env: {} },
  {
    name: 'from the database',
    path: (n: number) => `/api/v1/quotes/${1 + (n % QUOTES)}`,
    env: { CACHE_TTL_MS: '0' },
  },
] as const;

/** Throughput, and the CPU time in microseconds that the server took for each answer. */
interface Driven extends LoadResult {
  perSecond: number;
  cpuMicros: number;
}

/** Two processes take turns: one as in production, one without log, metrics and units of work. */
const benchmark: Benchmark = {
  claim: 'log, metrics and units of work together take at most 15 % of the throughput of reads',
  async run(context) {
    const database = await createDatabase(context);
    await fill(database, QUOTES);
    const load = startLoad(context);
    const measures: Measure[] = [];
    const aims: Aim[] = [];
    for (const { name, path, env } of READS) {
      const settings = { ...environment(context, database), ...env };
      const on = await startApplication(context, `${name}-on`, settings);
      const off = await startServer(
        context,
        `${name}-off`,
        ['--disable-warning=ExperimentalWarning', '--enable-source-maps', 'bench/adapters/unobserved.ts'],
        { ...settings, LOG_LEVEL: 'info' },
        /listens on (http:\/\/[^"\s]+)/,
      );
      const targets = Array.from({ length: QUOTES }, (_, n) => ({ path: path(n) }));
      const drive = async (server: Server, durationMs: number): Promise<Driven> => {
        const before = cpuSeconds(server);
        const result = await load({
          host: '127.0.0.1',
          ports: [server.port],
          connections: CONNECTIONS,
          durationMs,
          mixes: [{ weight: 1, targets, pick: 'in turn' }],
        });
        server.assertRunning();
        const cpuMicros = ((cpuSeconds(server) - before) / result.answers) * 1e6;
        return { ...result, perSecond: result.answers / result.seconds, cpuMicros };
      };
      context.say(`${name}: warming up`);
      for (const server of [on, off]) await drive(server, context.quick ? 300 : 3000);
      const watched: Driven[] = [];
      const unwatched: Driven[] = [];
      for (let round = 1; round <= context.rounds; round++) {
        context.say(`${name}: round ${round} of ${context.rounds}`);
        // In turn also who begins: what the machine does in between hits both alike.
        const turns: [Server, Driven[]][] = [
          [on, watched],
          [off, unwatched],
        ];
        for (const [server, results] of round % 2 === 0 ? turns.toReversed() : turns)
          results.push(await drive(server, context.quick ? 300 : 4000));
      }
      const shares = ratios(
        watched.map(({ perSecond }) => perSecond),
        unwatched.map(({ perSecond }) => perSecond),
      );
      measures.push(
        ...sideMeasures(`${name}, watched`, watched),
        ...sideMeasures(`${name}, not watched`, unwatched),
        measure(`${name}, throughput watched by not watched`, '', shares),
      );
      aims.push(
        aim(`throughput of reads ${name}, watched by not watched`, median(shares), { atLeast: 0.85 }),
      );
      const cpu = ratios(
        unwatched.map(({ cpuMicros }) => cpuMicros),
        watched.map(({ cpuMicros }) => cpuMicros),
      );
      // What else runs on the machine changes it far less than it changes throughput.
      if (!cpu.some(Number.isNaN)) {
        measures.push(measure(`${name}, CPU not watched by watched`, '', cpu));
        aims.push(aim(`CPU of reads ${name}, not watched by watched`, median(cpu), { atLeast: 0.85 }));
      }
    }
    return {
      measures,
      aims,
      notes: [
        `GET /quotes/:id, ${CONNECTIONS} connections, each waiting for its answer; a line in the log for each, into a file`,
        'cached: in the memory of the process; from the database: CACHE_TTL_MS=0, one query each',
      ],
    };
  },
};

export default benchmark;

/** Of the CPU nothing where the system does not tell. */
function sideMeasures(name: string, side: readonly Driven[]): Measure[] {
  const cpu = side.map(({ cpuMicros }) => cpuMicros);
  return [
    measure(
      name,
      'requests/s',
      side.map(({ perSecond }) => perSecond),
    ),
    ...(cpu.some(Number.isNaN) ? [] : [measure(`${name}, CPU`, 'µs/request', cpu)]),
  ];
}
