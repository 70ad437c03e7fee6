import { z } from 'zod';
import { between } from './between.js';

/** Where a run ends although there is more to fetch. None is ever without a bound of pages and of time. */
export const crawlLimitsSchema = z.strictObject({
  maxPages: between(1, 10_000_000)
    .default(100_000)
    .describe('Pages that a run fetches (CLOSESPIDER_PAGECOUNT)'),
  maxItems: between(1, 1_000_000_000)
    .nullable()
    .default(null)
    .describe('Items after which it stops; those of pages under way are kept (CLOSESPIDER_ITEMCOUNT)'),
  maxErrors: between(1, 10_000_000)
    .nullable()
    .default(null)
    .describe('Pages given up after which it stops (CLOSESPIDER_ERRORCOUNT)'),
  maxDurationSeconds: between(1, 2_592_000)
    .default(86_400)
    .describe('Seconds after which it stops (CLOSESPIDER_TIMEOUT)'),
  maxDepth: between(0, 10_000)
    .nullable()
    .default(null)
    .describe('Links that a page may be away from a start page (DEPTH_LIMIT)'),
});

export type CrawlLimits = z.output<typeof crawlLimitsSchema>;
