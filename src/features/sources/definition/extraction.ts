import { z } from 'zod';
import { checkExtraction } from './check-extraction.js';
import { atLeastOne, atMost, followRuleSchema, itemRuleSchema } from './item-rule.js';

/** What a declared source yields, and which links lead to more of it. */
export const extractionSchema = z
  .strictObject(
    {
      items: z
        .array(itemRuleSchema, 'expected a list of kinds of items')
        .min(1, atLeastOne('kind of item'))
        .max(20, atMost(20, 'kinds of items')),
      follow: z
        .array(followRuleSchema, 'expected a list of links')
        .max(50, atMost(50, 'selectors of links'))
        .default([]),
    },
    'expected an object with items',
  )
  .superRefine(({ items, follow }, context) => {
    for (const { path, message } of checkExtraction(items, follow))
      context.addIssue({ code: 'custom', path: [...path], message });
  });

export type Extraction = z.output<typeof extractionSchema>;
