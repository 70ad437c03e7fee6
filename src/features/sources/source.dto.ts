import { z } from 'zod';
import { pageQuery, pageSchema, text } from '../../core/http/index.js';
import { crawlLimitsSchema } from './definition/crawl-limits.js';
import { crawlScopeSchema } from './definition/crawl-scope.js';
import { politenessSchema } from './definition/politeness.js';
import { type Source, SOURCE_ORIGINS } from './source.entity.js';

export const sourceSlug = text(100);

export const sourceSchema = z
  .object({
    slug: sourceSlug,
    name: z.string(),
    spider: z.string(),
    origin: z.enum(SOURCE_ORIGINS).describe('Who says what it is: code, a file, or the API'),
    startUrls: z.array(z.string()),
    scope: crawlScopeSchema,
    politeness: politenessSchema,
    limits: crawlLimitsSchema,
    enabled: z.boolean(),
    dataAsOf: z.iso.datetime().nullable().describe('When the last good run ended; null before the first'),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
  })
  .meta({ id: 'Source' });

export const sourcePageSchema = pageSchema(sourceSchema);

export const listSourcesQuery = z.strictObject(pageQuery(z.tuple([sourceSlug])));

export type SourceDto = z.output<typeof sourceSchema>;

export function toSourceDto(source: Source): SourceDto {
  const { slug, name, spider, origin, startUrls, scope, politeness, limits, enabled } = source;
  const { dataAsOf, createdAt, updatedAt } = source;
  return {
    slug,
    name,
    spider,
    origin,
    startUrls,
    // What an older release stored knows nothing of newer settings: the schema adds their defaults.
    scope: crawlScopeSchema.parse(scope),
    politeness: politenessSchema.parse(politeness),
    limits: crawlLimitsSchema.parse(limits),
    enabled,
    dataAsOf: dataAsOf?.toISOString() ?? null,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  };
}
