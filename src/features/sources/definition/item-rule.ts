import { z } from 'zod';
import { cssSelector } from './css-selector.js';
import { pattern } from './pattern.js';

/** How a value is read off the page. */
export type Field = z.output<typeof fieldSchema>;

/** Limits abort: what is checked of the whole declaration afterwards takes a time for each of its parts. */
export const atMost = (max: number, what: string) => ({
  error: `expected at most ${max} ${what}`,
  abort: true,
});
export const atLeastOne = (what: string) => ({ error: `expected at least one ${what}`, abort: true });

const plainText = (max: number) =>
  z.string().regex(new RegExp(`^[^\\p{Cc}\\p{Cs}]{0,${max}}$`, 'u'), {
    error: `expected at most ${max} characters, none of them a control character`,
    abort: true,
  });

const fieldNameExpected =
  'expected names of fields of 1 to 64 characters: a letter a-z, then letters, digits and _';
const fieldName = z.string().regex(/^[a-z][A-Za-z0-9_]{0,63}$/, fieldNameExpected);

const attributeName = z
  .string()
  .regex(/^[^\s"'<>/=\p{Cc}\p{Cs}]{1,100}$/u, 'expected a name of an attribute');

const pagesSchema = pattern
  .optional()
  .describe(
    'Regular expression that the whole path and query of a page must match; without one, every page does',
  );

const fieldSchema = z.strictObject(
  {
    selector: cssSelector
      .optional()
      .describe('Where it is within the item: the first match counts. Without one, the item itself'),
    from: z
      .enum(['text', 'html', 'attribute', 'url'], 'expected text, html, attribute or url')
      .optional()
      .describe('What is taken of it; attribute if `attribute` is given, else text. url: that of the page'),
    attribute: attributeName.optional().describe('Name of an attribute'),
    regex: pattern
      .optional()
      .describe('Cuts the value out of what is taken: the first group that matches, else the whole match'),
    map: z
      .record(plainText(200), z.union([plainText(1000), z.number(), z.boolean(), z.null()]), {
        error: 'expected names with text, numbers, true, false or null',
      })
      .refine((map) => Object.keys(map).length <= 1000, atMost(1000, 'names'))
      .optional()
      .describe('What each value stands for; others are none'),
    type: z
      .enum(['string', 'number', 'boolean', 'date', 'url'], 'expected string, number, boolean, date or url')
      .default('string'),
    decimal: z
      .enum(['.', ','], 'expected "." or ","')
      .optional()
      .describe('Decimal sign of numbers, "." if not said'),
    format: plainText(100).optional().describe("Format of dates in luxon's tokens; without one, ISO 8601"),
    list: z.boolean('expected true or false').default(false).describe('All matches instead of the first'),
    required: z
      .boolean('expected true or false')
      .default(false)
      .describe('Whether an item without it is dropped'),
  },
  'expected an object such as { selector: h1 }',
);

export const itemRuleSchema = z.strictObject(
  {
    kind: z
      .string()
      .regex(
        /^[a-z][a-z0-9_]{0,39}$/,
        'expected a name of 1 to 40 characters: a letter a-z, then a-z, 0-9 and _',
      )
      .default('item')
      .describe('Name of this kind of item'),
    pages: pagesSchema,
    selector: cssSelector.describe('Each match is an item; `:root` makes one of the whole page'),
    key: z
      .array(fieldName)
      .min(1, atLeastOne('field'))
      .max(10, atMost(10, 'fields'))
      .describe('Fields that tell one item from another; an item without one of them is dropped'),
    history: z.boolean('expected true or false').default(false).describe('Whether changes are kept'),
    fields: z
      .record(fieldName, fieldSchema, {
        error: ({ code }) => (code === 'invalid_key' ? fieldNameExpected : 'expected fields by their names'),
      })
      .refine((fields) => Object.keys(fields).length > 0, atLeastOne('field'))
      .refine((fields) => Object.keys(fields).length <= 100, atMost(100, 'fields')),
  },
  'expected an object with selector, key and fields',
);

export type ItemRule = z.output<typeof itemRuleSchema>;

export const followRuleSchema = z.strictObject(
  {
    selector: cssSelector.describe('Elements with links'),
    attribute: attributeName.default('href').describe('Attribute that has the link'),
    pages: pagesSchema,
  },
  'expected an object such as { selector: li.next > a }',
);

export type FollowRule = z.output<typeof followRuleSchema>;
