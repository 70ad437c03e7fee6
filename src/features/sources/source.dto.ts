import { z } from 'zod';
import { pageQuery, pageSchema, text } from '../../core/http/index.js';
import { scheduleSchema } from '../../platform/scheduling/index.js';
import { crawlLimitsSchema } from './definition/crawl-limits.js';
import { crawlScopeSchema } from './definition/crawl-scope.js';
import { extractionSchema } from './definition/extraction.js';
import { politenessSchema } from './definition/politeness.js';
import { type Source, SOURCE_ORIGINS } from './source.entity.js';

export const sourceSlug = text(100);

const sourceSchema = z
  .object({
    slug: sourceSlug,
    name: z.string(),
    spider: z.string(),
    origin: z.enum(SOURCE_ORIGINS).describe('Who says what it is: code, a file, or the API'),
    startUrls: z.array(z.string()),
    scope: crawlScopeSchema,
    politeness: politenessSchema,
    limits: crawlLimitsSchema,
    schedule: scheduleSchema
      .nullable()
      .describe(
        'When it is scraped by itself; the schedule "scrape:<slug>" tells when it did and when it will',
      ),
    enabled: z.boolean(),
    dataAsOf: z.iso.datetime().nullable().describe('When the last good run ended; null before the first'),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
  })
  .meta({ id: 'Source' });

export const sourceDetailSchema = sourceSchema
  .extend({
    extraction: extractionSchema.nullable().describe('What it yields and follows; null when code knows'),
  })
  .meta({ id: 'SourceDetail' });

export const changeSourceBody = z.strictObject(
  { enabled: z.boolean('expected true or false').describe('Whether it is scraped') },
  'expected an object with enabled',
);

export const sourcePageSchema = pageSchema(sourceSchema);

export const listSourcesQuery = z.strictObject(pageQuery(z.tuple([sourceSlug])));

export type SourceDto = z.output<typeof sourceSchema>;
export type SourceDetailDto = z.output<typeof sourceDetailSchema>;

export function toSourceDto(source: Source): SourceDto {
  const { slug, name, spider, origin, startUrls, scope, politeness, limits } = source;
  const { schedule, enabled, dataAsOf, createdAt, updatedAt } = source;
  return {
    slug,
    name,
    spider,
    origin,
    startUrls,
    scope,
    politeness,
    limits,
    schedule,
    enabled,
    dataAsOf: dataAsOf?.toISOString() ?? null,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  };
}

/** What it yields is shown as it is stored: that it compiles was checked then, and takes a while. */
export function toSourceDetailDto(source: Source): SourceDetailDto {
  return { ...toSourceDto(source), extraction: source.extraction };
}
