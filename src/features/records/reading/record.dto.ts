import { z } from 'zod';
import { keyTime, pageQuery, pageSchema } from '../../../core/http/index.js';
import type { JsonValue } from '../record-item.js';
import { type Condition, ConditionFault, parseCondition } from './condition.js';

const MAX_CONDITIONS = 10;
const MAX_CONDITION_LENGTH = 500;

export const recordId = z.coerce
  .number('expected a whole number')
  .int('expected a whole number')
  .min(1, 'expected a number from 1')
  .max(Number.MAX_SAFE_INTEGER, 'expected a smaller number');

const fields = z.record(z.string(), z.unknown());

export const recordSchema = z
  .object({
    id: z.int(),
    kind: z.string(),
    key: z.array(z.unknown()).describe('Values of the key fields'),
    data: fields.describe('The fields that have been found; one that never was is not there'),
    url: z.string().describe('The page it was last found on'),
    firstSeen: z.iso.datetime(),
    lastSeen: z.iso.datetime(),
    lastChanged: z.iso.datetime().describe('When its data became what it is'),
    seenCount: z.int().describe('How many runs have found it'),
    changeCount: z.int().describe('How many runs have changed it'),
  })
  .meta({ id: 'Record' });

export interface RecordDto {
  id: number;
  kind: string;
  key: JsonValue[];
  data: Record<string, JsonValue>;
  url: string;
  firstSeen: string;
  lastSeen: string;
  lastChanged: string;
  seenCount: number;
  changeCount: number;
}

export const recordPageSchema = pageSchema(recordSchema);

const recordChangeSchema = z
  .object({
    runId: z.uuid().describe('The run that changed it'),
    changedAt: z.iso.datetime(),
    before: fields.describe('The fields that changed, as they were; without those that were not known'),
    after: fields.describe('The same fields as they were then'),
  })
  .meta({ id: 'RecordChange' });

export type RecordChangeDto = z.output<typeof recordChangeSchema>;

export const recordChangePageSchema = pageSchema(recordChangeSchema);

const condition = z
  .string('expected text')
  .max(MAX_CONDITION_LENGTH, `expected at most ${MAX_CONDITION_LENGTH} characters`)
  .regex(/^[^\p{Cc}]*$/u, 'expected no control characters')
  .transform((text, context): Condition => {
    const parsed = parseCondition(text);
    if (!(parsed instanceof ConditionFault)) return parsed;
    context.issues.push({ code: 'custom', message: parsed.message, input: text });
    return z.NEVER;
  });

/** One given once comes as text, more of them as a list. */
const conditions = z.preprocess(
  (given) => (given === undefined || Array.isArray(given) ? given : [given]),
  z.array(condition).max(MAX_CONDITIONS, `expected at most ${MAX_CONDITIONS} conditions`).default([]),
);

/** What lists and exports can ask for. */
export const recordFilter = {
  kind: z
    .string()
    .regex(/^[a-z][a-z0-9_]{0,39}$/, 'expected the name of a kind')
    .optional()
    .describe('Kind of item, as the source declares it'),
  since: keyTime
    .optional()
    .describe('Only what has changed at this time (ISO 8601, UTC) or later, in the order of the changes'),
  where: conditions.describe(
    `Condition on a field, e.g. "price < 20": = != < <= > >= ~ (contains), "price exists", "price missing"; up to ${MAX_CONDITIONS}`,
  ),
};

export const listRecordsQuery = z.strictObject({
  ...recordFilter,
  ...pageQuery(z.tuple([keyTime.nullable(), z.int().min(0)])),
});

export const listRecordChangesQuery = z.strictObject(pageQuery(z.tuple([z.int().min(0)])));
