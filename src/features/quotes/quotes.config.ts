import { type ConfigOf, defineConfig, setting, urlOf, wholeNumber } from '../../core/config/index.js';

/** The built-in source. The defaults are kind to a public site; a site of one's own can take more. */
export const quotesConfig = defineConfig('quotes', {
  startUrl: setting(
    'QUOTES_START_URL',
    urlOf(['http', 'https'], 'https://quotes.toscrape.com/').default('https://quotes.toscrape.com/'),
    'first page of the quotes site',
  ),
  downloadDelayMs: setting(
    'QUOTES_DOWNLOAD_DELAY_MS',
    wholeNumber(0, 600_000).default(1000),
    'milliseconds between the starts of two requests',
  ),
  concurrentRequests: setting(
    'QUOTES_CONCURRENT_REQUESTS',
    wholeNumber(1, 64).default(1),
    'requests under way at once',
  ),
});

export type QuotesConfig = ConfigOf<typeof quotesConfig>;
