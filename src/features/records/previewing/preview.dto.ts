import { z } from 'zod';
import { pageUrl } from '../../sources/index.js';

export const previewQuery = z.strictObject({
  url: pageUrl.optional().describe('The page to look at; the first of startUrls unless it is given'),
});

const count = z.int();

export const previewSchema = z
  .object({
    url: z.string().describe('Of the page that came, after redirects'),
    bytes: count.describe('Size of the page, unpacked'),
    itemCount: count.describe('Items that the page gives'),
    items: z
      .array(
        z.object({
          kind: z.string(),
          key: z.array(z.unknown()).describe('Values of the key fields'),
          data: z.record(z.string(), z.unknown()),
        }),
      )
      .describe('The first 20 of them'),
    rules: z
      .array(
        z.object({
          kind: z.string(),
          applies: z.boolean().describe('Whether `pages` lets it read this page'),
          matches: count.describe('Elements that the selector found'),
          kept: count,
          dropped: count.describe('Items without a field that is required or part of the key'),
          filled: z.record(z.string(), count).describe('How many of the matches gave each field something'),
          missing: z
            .array(z.object({ match: count, fields: z.array(z.string()) }))
            .describe('Why the first 20 were dropped: which match, and what it had not'),
        }),
      )
      .describe('What each rule for items made of the page, in their order'),
    linkCount: count.describe('Links that the rules found, each once'),
    links: z.array(z.string()).describe('The first 100 of those that a run would follow'),
    linksLeftOut: count.describe('Links that a run would not follow: to other hosts, or too deep'),
    cut: count.describe('Values and lists that were longer than is kept'),
  })
  .meta({ id: 'SourcePreview' });

export type PreviewDto = z.output<typeof previewSchema>;
