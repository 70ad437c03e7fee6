import { register } from 'prom-client';
import { z } from 'zod';
import { compiled, openApplication } from './application.ts';

/** Reads `key` through the cache; `fetch` is called for what no tier has. */
export type GetOrFetch = (key: string, fetch: () => Promise<unknown>) => Promise<unknown>;

interface Caching {
  ReadCache: new () => {
    getOrFetch: (key: string, fetch: () => Promise<unknown>, options: unknown) => Promise<unknown>;
  };
  cachedRead: (answer: z.ZodType, options: { cache: string; tags: string[] }) => unknown;
}

/** The cache of the application, in the process of the benchmark. */
export async function openReadCache(
  env: Readonly<Record<string, string>>,
  stack: AsyncDisposableStack,
): Promise<GetOrFetch> {
  // One registry for the process: what an earlier application left there would be registered twice.
  register.clear();
  const app = stack.use(await openApplication('api', env));
  const { ReadCache, cachedRead } = await compiled<Caching>('platform/caching/index.js');
  const cache = app.get(ReadCache) as InstanceType<Caching['ReadCache']>;
  const options = cachedRead(z.unknown(), { cache: 'bench', tags: ['bench'] });
  return (key, fetch) => cache.getOrFetch(key, fetch, options);
}
