import { type ConfigOf, defineConfig, setting, wholeNumber } from '../../core/config/index.js';

export const scrapingConfig = defineConfig('scraping', {
  maxRedirects: setting(
    'SCRAPE_MAX_REDIRECTS',
    wholeNumber(0, 20).default(5),
    'redirects followed for one request',
  ),
  concurrentRequests: setting(
    'SCRAPE_CONCURRENT_REQUESTS',
    wholeNumber(1, 1000).default(32),
    'requests that a worker has under way at once, to all hosts together',
  ),
  maxRuns: setting(
    'SCRAPE_MAX_RUNS',
    wholeNumber(1, 1000).default(100),
    'runs that a worker takes part in at once, the oldest first',
  ),
  leaseMs: setting(
    'SCRAPE_LEASE_MS',
    wholeNumber(1000, 3_600_000).default(30_000),
    'milliseconds after which the pages that a dead worker was about to fetch are taken by others',
  ),
  frontierDays: setting(
    'SCRAPE_FRONTIER_DAYS',
    wholeNumber(1, 3650).default(7),
    'days that an ended run can be resumed, and its failures be listed in full',
  ),
  pageDays: setting(
    'SCRAPE_PAGE_DAYS',
    wholeNumber(1, 3650).default(90),
    'days that what a page gave is remembered when no run meets it',
  ),
  retries: setting(
    'SCRAPE_RETRIES',
    wholeNumber(0, 10).default(5),
    'further tries for a page that failed in passing',
  ),
  retryBaseMs: setting(
    'SCRAPE_RETRY_BASE_MS',
    wholeNumber(1, 60_000).default(1000),
    'milliseconds that the first retry waits at most; each further one twice as long',
  ),
});

export type ScrapingConfig = ConfigOf<typeof scrapingConfig>;
