import { type ConfigOf, defineConfig, setting, wholeNumber } from '../../core/config/index.js';

export const scrapingConfig = defineConfig('scraping', {
  maxRedirects: setting(
    'SCRAPE_MAX_REDIRECTS',
    wholeNumber(0, 20).default(5),
    'redirects followed for one request',
  ),
  retries: setting(
    'SCRAPE_RETRIES',
    wholeNumber(0, 10).default(2),
    'further tries for a page that failed in passing',
  ),
  retryBaseMs: setting(
    'SCRAPE_RETRY_BASE_MS',
    wholeNumber(1, 60_000).default(1000),
    'milliseconds that the first retry waits at most; each further one twice as long',
  ),
});

export type ScrapingConfig = ConfigOf<typeof scrapingConfig>;
