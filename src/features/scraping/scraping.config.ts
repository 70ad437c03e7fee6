import { z } from 'zod';
import { type ConfigOf, defineConfig, setting, wholeNumber } from '../../core/config/index.js';

export const scrapingConfig = defineConfig('scraping', {
  userAgent: setting(
    'SCRAPE_USER_AGENT',
    z
      .string()
      .regex(/^[\x20-\x7e]{1,200}$/, 'expected 1 to 200 printable ASCII characters')
      .default('Gleaner/0.1 (self-hosted scraper)'),
    'how requests introduce themselves; add an address at which a site can reach you',
  ),
  timeoutMs: setting(
    'SCRAPE_TIMEOUT_MS',
    wholeNumber(100, 600_000).default(30_000),
    'milliseconds that one request may take in all, redirects included',
  ),
  maxBodyBytes: setting(
    'SCRAPE_MAX_BODY_BYTES',
    wholeNumber(1024, 1_073_741_824).default(10_485_760),
    'bytes of a page, unpacked, above which it is refused',
  ),
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
