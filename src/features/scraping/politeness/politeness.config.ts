import { type ConfigOf, defineConfig, setting, wholeNumber } from '../../../core/config/index.js';

export const politenessConfig = defineConfig('politeness', {
  breakerFailures: setting(
    'SCRAPE_BREAKER_FAILURES',
    wholeNumber(1, 1000).default(5),
    'failures of a host in a row after which nobody asks it for a while',
  ),
  breakerCooldownMs: setting(
    'SCRAPE_BREAKER_COOLDOWN_MS',
    wholeNumber(100, 3_600_000).default(10_000),
    'milliseconds of that while; then one request tries, and each time that it fails they double',
  ),
  breakerMaxCooldownMs: setting(
    'SCRAPE_BREAKER_MAX_COOLDOWN_MS',
    wholeNumber(100, 3_600_000).default(600_000),
    'milliseconds beyond which they do not double',
  ),
});

export type PolitenessConfig = ConfigOf<typeof politenessConfig>;
