import { runProgram } from '../scripts/run-program.ts';
import { generateTasks } from '../test/support/task-rows.ts';
import { environment, startApplication } from './support/application.ts';
import { aim, type Benchmark, measure, median } from './support/benchmark.ts';
import { connect, createDatabase } from './support/database.ts';

const TASKS = 1_000_000;

/** As operators ask: by one thing, by several, by what is rare and by what is not there; and what no index helps with. */
const QUERIES = [
  '',
  'state:failed',
  'state:active',
  'state:pending queue:high',
  'name:scrape.page',
  'name:report.*',
  'name:scrape.* state:failed',
  'name:scrape.* -state:succeeded',
  'worker:host-3-1',
  'worker:host-* state:failed',
  'queue:low',
  'error:"timed out"',
  'error:certificate',
  'error:nothing',
  'state:failed error:"timed out" queue:low',
  'state:failed OR state:revoked',
  'state:failed (queue:low OR queue:high) -error:certificate',
  'took:>30s',
  'took:>30s name:scrape.*',
  'took:<3ms',
  'attempts:>1',
  'arg.source:source-3',
  'arg.source:rare',
  'arg.source:none',
  'arg.page:77',
  'arg.source:source-3 state:failed',
  'arg.source:source-3 state:failed took:>500ms after:2026-01-03',
  'after:2026-01-03 before:2026-01-04',
  'after:2026-01-03 before:2026-01-04 state:failed',
  'state:failed queue:default name:scrape.* worker:host-1-* error:"timed out" after:2026-01-01 took:>10ms arg.source:source-3',
  'id:none',
  'correlation:none',
];

/** Each on its own, one after another, with the browser's page of fifty. */
const benchmark: Benchmark = {
  claim: 'queries of the history have a p95 below 100 ms at 1 million tasks',
  async run(context) {
    const url = await createDatabase(context);
    const client = await connect(url);
    context.stack.defer(() => client.end());
    const tasks = context.quick ? 20_000 : TASKS;
    context.say(`making ${tasks} tasks`);
    await generateTasks({ query: async (sql, values) => (await client.query(sql, values)).rows }, tasks);
    const { url: api } = await startApplication(context, 'api', environment(context, url));
    const args = ['dist/cli.js', 'key', 'create', '--name', 'bench', '--role', 'viewer', '--json'];
    const { key } = JSON.parse(await runProgram('making a key', args, url)) as { key: string };
    const ask = async (path: string): Promise<number> => {
      const start = performance.now();
      const answer = await fetch(`${api}/api/v1/ops/tasks${path}`, {
        headers: { authorization: `Bearer ${key}` },
      });
      const body = await answer.text();
      if (!answer.ok) throw new Error(`${path}: status ${answer.status}: ${body}`);
      return performance.now() - start;
    };
    const asked = (path: string, query: string, more: Record<string, string> = {}): string =>
      `${path}?${new URLSearchParams({ ...(query && { query }), ...more }).toString()}`;
    const kinds = {
      'a page, newest first': (query: string) => asked('', query, { limit: '50' }),
      'a page, by their end': (query: string) => asked('', query, { limit: '50', sort: '-finishedAt' }),
      'a count': (query: string) => asked('/count', query),
    };
    const measures = [];
    const aims = [];
    const slowest: string[] = [];
    for (const [kind, path] of Object.entries(kinds)) {
      const p95s: number[] = [];
      const medians: number[] = [];
      const worst = new Map<string, number>();
      for (let round = 0; round <= context.rounds; round++) {
        context.say(`${kind}: ${round === 0 ? 'warming up' : `round ${round} of ${context.rounds}`}`);
        const times: number[] = [];
        for (const query of QUERIES) {
          const ms = await ask(path(query));
          times.push(ms);
          if (round > 0) worst.set(query, Math.max(ms, worst.get(query) ?? 0));
        }
        if (round === 0) continue;
        times.sort((a, b) => a - b);
        p95s.push(times[Math.floor(times.length * 0.95)] ?? Number.NaN);
        medians.push(median(times));
      }
      measures.push(measure(`${kind}, median`, 'ms', medians), measure(`${kind}, p95`, 'ms', p95s));
      if (kind !== 'a count') aims.push(aim(`p95 of ${kind}, ms`, median(p95s), { atMost: 100 }));
      const slow = [...worst].sort(([, a], [, b]) => b - a).slice(0, 3);
      for (const [query, ms] of slow) slowest.push(`slowest as ${kind}: ${Math.round(ms)} ms for "${query}"`);
    }
    return { measures, aims, notes: [`${QUERIES.length} queries, each once a round`, ...slowest] };
  },
};

export default benchmark;
