import { type Server, startServer } from '../application.ts';
import type { BenchmarkContext } from '../benchmark.ts';

/** What a shard of the site consists of: 10 lists and 50 authors. */
export const PAGES_A_SHARD = 60;

/** Starts the fixture site in a process of its own. @param options on top of those that the shards need. */
export async function startShards(
  context: BenchmarkContext,
  shards: number,
  ...options: readonly string[]
): Promise<Server> {
  const args = ['test/fixtures/site/main.ts', '--shards', String(shards), ...options];
  return startServer(
    context,
    'site',
    ['--disable-warning=ExperimentalWarning', ...args],
    {},
    /"url":"(http:[^"]+)"/,
  );
}
