import { z } from 'zod';
import { text } from '../../../core/http/index.js';
import { scheduleSchema } from '../../../platform/scheduling/index.js';
import { crawlLimitsSchema } from './crawl-limits.js';
import { crawlScopeSchema } from './crawl-scope.js';
import { extractionSchema } from './extraction.js';
import { politenessSchema } from './politeness.js';

const URL_EXPECTED =
  'expected a URL with http or https, of at most 2048 characters and without a user name or password';

const SLUG_EXPECTED = 'expected 1 to 100 characters a-z, 0-9 and -, the first of them no -';

export const pageUrl = z
  .string(URL_EXPECTED)
  .refine(isPageUrl, { error: URL_EXPECTED, abort: true })
  // What a fragment names is found by browsers, not by servers.
  .overwrite((url) => {
    const parsed = new URL(url);
    parsed.hash = '';
    return parsed.href;
  });

function isPageUrl(url: string): boolean {
  const parsed = url.length <= 2048 ? URL.parse(url) : null;
  return (
    parsed !== null &&
    (parsed.protocol === 'http:' || parsed.protocol === 'https:') &&
    parsed.username === '' &&
    parsed.password === ''
  );
}

const declaredSlug = z.string(SLUG_EXPECTED).regex(/^[a-z0-9][a-z0-9-]{0,99}$/, SLUG_EXPECTED);

/** All that a source can say of itself without code. */
export const sourceDefinitionSchema = z
  .strictObject(
    {
      slug: declaredSlug.describe('Its name in URLs'),
      name: text(200).describe('Its name for people'),
      startUrls: z
        .array(pageUrl, 'expected a list of URLs')
        .min(1, 'expected at least one URL')
        .max(1000, 'expected at most 1000 URLs')
        .describe('Where every run begins'),
      scope: crawlScopeSchema.prefault({}),
      politeness: politenessSchema.prefault({}),
      limits: crawlLimitsSchema.prefault({}),
      extraction: extractionSchema,
      schedule: scheduleSchema
        .nullable()
        .default(null)
        .describe('When it is scraped by itself; null: only when somebody asks for it'),
    },
    'expected an object with slug, name, startUrls and extraction',
  )
  .meta({ id: 'SourceDefinition' });

export type SourceDefinition = z.output<typeof sourceDefinitionSchema>;
