import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { BenchmarkContext } from '../benchmark.ts';
import type { LoadJob, LoadResult } from './protocol.ts';

export type { LoadResult, Mix, Target } from './protocol.ts';

/** @throws Error as soon as a single answer was wrong. */
export type Load = (job: LoadJob) => Promise<LoadResult>;

/** Starts a load generator in a process of its own, for as long as the benchmark lasts. */
export function startLoad({ stack }: Pick<BenchmarkContext, 'stack'>): Load {
  const child = fork(new URL('main.ts', import.meta.url), {
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  stack.defer(() => {
    if (child.connected) child.disconnect();
  });
  const ended = once(child, 'exit').then(([code]): never => {
    throw new Error(`the load generator ended with ${String(code)}`);
  });
  // At the end of the benchmark nobody waits for it any more.
  ended.catch(() => undefined);
  return async (job) => {
    const answered = new Promise<LoadResult>((resolve) => {
      child.once('message', (result) => resolve(result as LoadResult));
    });
    child.send(job);
    const result = await Promise.race([answered, ended]);
    if (result.errors > 0)
      throw new Error(
        `${result.errors} of ${result.answers + result.errors} answers were wrong; the first: ${result.firstError}`,
      );
    return result;
  };
}
