import { type ConfigOf, defineConfig, setting, wholeNumber } from '../../core/config/index.js';

export const cachingConfig = defineConfig('caching', {
  ttlMs: setting(
    'CACHE_TTL_MS',
    wholeNumber(1, 86_400_000).default(60_000),
    'milliseconds that a read stays cached',
  ),
  memoryEntries: setting(
    'CACHE_MEMORY_ENTRIES',
    wholeNumber(1, 1_000_000).default(1000),
    'entries of the in-process tier',
  ),
});

export type CachingConfig = ConfigOf<typeof cachingConfig>;
