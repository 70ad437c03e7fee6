import { z } from 'zod';
import { keyTime, pageQuery, pageSchema, text } from '../../../core/http/index.js';
import { sourceSlug } from '../../sources/index.js';

export const quoteId = z.coerce
  .number('expected a whole number')
  .int('expected a whole number')
  .min(1, 'expected a number from 1')
  .max(Number.MAX_SAFE_INTEGER, 'expected a smaller number');

export const authorSlug = text(200);
const tagName = text(200);

export const quoteSchema = z
  .object({
    id: z.int(),
    text: z.string(),
    author: z.object({ slug: z.string(), name: z.string() }),
    tags: z.array(z.string()).describe('In the order of the site'),
    source: z.string(),
    firstScraped: z.iso.datetime(),
    lastScraped: z.iso.datetime(),
    scrapedCount: z.int().describe('How many runs have found it'),
  })
  .meta({ id: 'Quote' });

export type QuoteDto = z.output<typeof quoteSchema>;

export const quotePageSchema = pageSchema(quoteSchema);

const newestFirst = pageQuery(z.tuple([keyTime, z.int().min(0)]));

export const listQuotesQuery = z.strictObject({
  author: authorSlug.optional().describe('Slug of an author'),
  tag: tagName.optional().describe('Name of a tag'),
  source: sourceSlug.optional().describe('Slug of a source'),
  q: text(200).optional().describe('Words to search for; "quoted phrases", -not, or'),
  ...newestFirst,
});

export const listAuthorQuotesQuery = z.strictObject(newestFirst);

export const authorSchema = z
  .object({
    slug: z.string(),
    name: z.string(),
    bornOn: z.iso.date().nullable(),
    bornLocation: z.string().nullable(),
    description: z.string().nullable(),
    quoteCount: z.int(),
  })
  .meta({ id: 'Author' });

export type AuthorDto = z.output<typeof authorSchema>;

export const authorPageSchema = pageSchema(authorSchema);
export const listAuthorsQuery = z.strictObject(pageQuery(z.tuple([text(1000)])));

const tagSchema = z.object({ name: z.string(), quoteCount: z.int() }).meta({ id: 'Tag' });

export type TagDto = z.output<typeof tagSchema>;

export const tagPageSchema = pageSchema(tagSchema);
export const listTagsQuery = z.strictObject(pageQuery(z.tuple([text(1000)])));
