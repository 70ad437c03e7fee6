import { makeCounterProvider } from '@willsoto/nestjs-prometheus';

export const CACHE_REQUESTS = 'gleaner_cache_requests_total';

/** `cache` is a namespace declared in code; `result` is hit, miss or error. */
export const cacheMetricProviders = [
  makeCounterProvider({
    name: CACHE_REQUESTS,
    help: 'Reads that asked the cache, by what came of it',
    labelNames: ['cache', 'result'],
  }),
];
