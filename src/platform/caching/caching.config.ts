import { type ConfigOf, defineConfig, setting, wholeNumber } from '../../core/config/index.js';

const DAY_MS = 86_400_000;

export const cachingConfig = defineConfig('caching', {
  ttlMs: setting(
    'CACHE_TTL_MS',
    wholeNumber(0, DAY_MS).default(60_000),
    'milliseconds that a read stays cached; 0 switches caching off',
  ),
  staleWhileRevalidateMs: setting(
    'CACHE_STALE_WHILE_REVALIDATE_MS',
    wholeNumber(0, DAY_MS).default(30_000),
    'milliseconds after that in which a read that has not changed is answered at once and refreshed meanwhile',
  ),
  staleIfErrorMs: setting(
    'CACHE_STALE_IF_ERROR_MS',
    wholeNumber(0, DAY_MS).default(3_600_000),
    'milliseconds after that in which a read is answered as it was when the database is away',
  ),
  negativeTtlMs: setting(
    'CACHE_NEGATIVE_TTL_MS',
    wholeNumber(0, DAY_MS).default(5000),
    'milliseconds that it stays cached that something does not exist',
  ),
  memoryEntries: setting(
    'CACHE_MEMORY_ENTRIES',
    wholeNumber(1, 10_000_000).default(50_000),
    'entries of the in-process tier',
  ),
  memoryBytes: setting(
    'CACHE_MEMORY_BYTES',
    wholeNumber(1024, 1e12).default(64 * 1024 ** 2),
    'bytes of the in-process tier',
  ),
  redisBytes: setting(
    'CACHE_REDIS_BYTES',
    wholeNumber(1024, 1e12).default(128 * 1024 ** 2),
    'bytes that the cached reads of all processes together may take in Redis, which the queues share',
  ),
  entryBytes: setting(
    'CACHE_ENTRY_BYTES',
    wholeNumber(256, 1e9).default(1024 ** 2),
    'bytes of a read above which it is not cached',
  ),
  redisTimeoutMs: setting(
    'CACHE_REDIS_TIMEOUT_MS',
    wholeNumber(10, 10_000).default(200),
    'milliseconds that a read waits for Redis before it goes to the database',
  ),
  fetchPatienceMs: setting(
    'CACHE_FETCH_PATIENCE_MS',
    wholeNumber(10, 60_000).default(2000),
    'milliseconds that a read waits for the database before it is answered as it was, if it is known',
  ),
  maxAgeSeconds: setting(
    'CACHE_MAX_AGE_SECONDS',
    wholeNumber(0, 86_400).default(5),
    'seconds that browsers and proxies may reuse an answer without asking (Cache-Control)',
  ),
});

export type CachingConfig = ConfigOf<typeof cachingConfig>;
