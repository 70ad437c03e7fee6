import { z } from 'zod';
import { pageQuery, pageSchema, text } from '../../core/http/index.js';
import type { Source } from './source.entity.js';

export const sourceSlug = text(100);

export const sourceSchema = z
  .object({
    slug: sourceSlug,
    name: z.string(),
    spider: z.string(),
    startUrl: z.string(),
    politeness: z.object({ downloadDelayMs: z.int(), concurrentRequests: z.int() }),
    enabled: z.boolean(),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
  })
  .meta({ id: 'Source' });

export const sourcePageSchema = pageSchema(sourceSchema);

export const listSourcesQuery = z.strictObject(pageQuery(z.tuple([sourceSlug])));

export type SourceDto = z.output<typeof sourceSchema>;

export function toSourceDto(source: Source): SourceDto {
  const { slug, name, spider, startUrl, politeness, enabled, createdAt, updatedAt } = source;
  return {
    slug,
    name,
    spider,
    startUrl,
    politeness,
    enabled,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  };
}
