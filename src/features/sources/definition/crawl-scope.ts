import { z } from 'zod';

/** Which URLs belong to a source. */
export const crawlScopeSchema = z.strictObject({
  allowedHosts: z
    .array(z.string().regex(/^[\p{L}\p{N}.:[\]_-]{1,253}$/u, 'expected a host name such as www.example.com'))
    .max(1000, 'expected at most 1000 hosts')
    .default([])
    .describe('Hosts that links are followed to beside those of the start URLs (allowed_domains)'),
  dropTrackingParameters: z
    .boolean()
    .default(false)
    .describe('Whether URLs that differ only in parameters such as utm_source or gclid are the same page'),
  sitemaps: z
    .boolean()
    .default(false)
    .describe('Whether the pages of the sitemaps that robots.txt names are start pages, too'),
});

export type CrawlScope = z.output<typeof crawlScopeSchema>;
