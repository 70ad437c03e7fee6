import { z } from 'zod';
import { between } from './between.js';

/**
 * How hard the hosts of a source may be asked, by all workers together. The defaults are those of the project that
 * Scrapy's template makes: one request a second and one at a time, as robots.txt allows.
 */
export const politenessSchema = z.strictObject({
  downloadDelayMs: between(0, 600_000)
    .default(1000)
    .describe('Milliseconds between the starts of two requests to a host (DOWNLOAD_DELAY)'),
  burst: between(1, 1000)
    .default(1)
    .describe('Starts that a host which was not asked may have saved up; 1 keeps them strictly apart'),
  concurrentRequests: between(1, 256)
    .default(1)
    .describe('Requests to a host under way at once (CONCURRENT_REQUESTS_PER_DOMAIN)'),
  robotsTxt: z.boolean().default(true).describe('Whether robots.txt is obeyed (ROBOTSTXT_OBEY)'),
  autoThrottle: z
    .strictObject({
      targetConcurrency: z
        .number('expected a number from 0.1 to 256')
        .min(0.1, 'expected a number from 0.1 to 256')
        .max(256, 'expected a number from 0.1 to 256')
        .default(1)
        .describe('Requests that the host should be working on, on the average'),
      maxDelayMs: between(0, 600_000).default(60_000).describe('The delay that is never exceeded'),
    })
    .nullable()
    .default(null)
    .describe('Fits the delay to how fast the host answers (AUTOTHROTTLE)'),
});

export type Politeness = z.output<typeof politenessSchema>;
