import { z } from 'zod';
import { InvalidInputError } from '../../../core/errors/index.js';
import { keyTime, pageQuery, pageSchema, text } from '../../../core/http/index.js';
import type {
  DeadLetterDetail,
  DeadLetterFilter,
  DeadLetterGroup,
  DeadLetterSummary,
} from '../../../platform/history/index.js';
import { CONFIRM_SECONDS } from '../confirmations.js';
import { queueName } from '../queues/queue.dto.js';

const MAX_IDS = 1000;

const time = z.iso.datetime();

/** Also of what was no task of any release of ours. */
export const letterId = text(300);

const letterSchema = z
  .object({
    id: z.string().describe('Of the task that failed for good'),
    name: z.string(),
    queue: z.string(),
    args: z.unknown().describe('The payload, without secrets and cut'),
    attempts: z.int(),
    errorClass: z.string(),
    errorCode: z.string().nullable(),
    errorMessage: z.string(),
    group: z.string().describe('The same for errors that are the same but for details'),
    failedAt: time,
    replayedAt: time.nullable(),
    replayId: z.string().nullable().describe('The task that repeats it'),
  })
  .meta({ id: 'DeadLetter' });

export type DeadLetterDto = z.output<typeof letterSchema>;

export const letterPageSchema = pageSchema(letterSchema);

export const letterDetailSchema = letterSchema
  .extend({ trace: z.string().nullable() })
  .meta({ id: 'DeadLetterDetail' });

export type DeadLetterDetailDto = z.output<typeof letterDetailSchema>;

const groupSchema = z
  .object({
    group: z.string(),
    count: z.int(),
    names: z.array(z.string()).describe('Of their tasks, at most ten'),
    errorClass: z.string(),
    errorMessage: z.string().describe('Of the latest'),
    exampleId: z.string().describe('The latest'),
    firstFailedAt: time,
    lastFailedAt: time,
  })
  .meta({ id: 'DeadLetterGroup' });

export type DeadLetterGroupDto = z.output<typeof groupSchema>;

export const groupListSchema = z.object({ items: z.array(groupSchema) });

const expectedTime = 'expected a time in ISO 8601 with Z, such as 2026-01-01T00:00:00Z';
const moment = z.iso
  .datetime(expectedTime)
  .refine((iso) => !iso.startsWith('0000'), expectedTime)
  .transform((iso) => new Date(iso))
  .optional();

const conditions = {
  name: text(200).optional().describe('Of their tasks'),
  queue: queueName.optional(),
  error: text(200).optional().describe('Class of the error'),
  group: text(100).optional(),
  after: moment.describe('They failed at this time or later (ISO 8601, UTC)'),
  before: moment.describe('They failed before'),
};

const filterFields = {
  ...conditions,
  replayed: z
    .enum(['true', 'false'], 'expected true or false')
    .transform((word) => word === 'true')
    .optional(),
};

export const listLettersQuery = z.strictObject({
  ...filterFields,
  ...pageQuery(z.tuple([keyTime, letterId])),
});

export const listGroupsQuery = z.strictObject(filterFields);

const chosen = {
  ids: z
    .array(letterId)
    .min(1, 'expected at least one id')
    .max(MAX_IDS, `expected at most ${MAX_IDS} ids; conditions have no such limit`)
    .optional(),
  ...conditions,
  all: z.literal(true, 'expected true, or nothing').optional().describe('In place of ids and conditions'),
};

const rate = 'expected 0.1 to 1000 a second';

export const replayBody = z.strictObject({
  ...chosen,
  ratePerSecond: z.number(rate).min(0.1, rate).max(1000, rate).default(50),
  dryRun: z.boolean('expected true or false').default(false).describe('Only say how many it would repeat'),
});

export const purgeBody = z.strictObject({
  ...chosen,
  replayed: z.boolean('expected true or false').optional(),
  token: z
    .string('expected the token of the first call')
    .max(100)
    .optional()
    .describe('Confirms it; without one, nothing is purged and a token is given'),
});

export const purgeSchema = z
  .object({
    purged: z.int(),
    remaining: z.int().describe('Dead letters that meet the conditions now'),
    token: z
      .string()
      .nullable()
      .describe(
        `To purge what remains now: send it with the same conditions within ${CONFIRM_SECONDS} seconds; null when it was used`,
      ),
  })
  .meta({ id: 'DeadLetterPurge' });

export const replayedSchema = z
  .object({
    id: z.string().describe('Of the task that repeats it'),
    created: z.boolean().describe('Whether it was not there before'),
    replayOf: z.string(),
  })
  .meta({ id: 'Replayed' });

interface Conditions {
  name?: string | undefined;
  queue?: DeadLetterFilter['queue'] | undefined;
  error?: string | undefined;
  group?: string | undefined;
  after?: Date | undefined;
  before?: Date | undefined;
  replayed?: boolean | undefined;
}

export function toFilter(given: Conditions): DeadLetterFilter {
  const { name, queue, error, group, after, before, replayed } = given;
  return {
    ...(name !== undefined && { name }),
    ...(queue !== undefined && { queue }),
    ...(error !== undefined && { errorClass: error }),
    ...(group !== undefined && { fingerprint: group }),
    ...(after && { failedAfter: after }),
    ...(before && { failedBefore: before }),
    ...(replayed !== undefined && { replayed }),
  };
}

/** Nobody means all dead letters by a field that was left out. @throws InvalidInputError unless it is one of the three. */
export function toChoice({
  ids,
  all,
  ...given
}: Conditions & { ids?: string[] | undefined; all?: true | undefined }): DeadLetterFilter {
  const filter = toFilter(given);
  const ways = [ids, all, Object.keys(filter).length > 0 || undefined].filter((way) => way !== undefined);
  if (ways.length === 1) return ids ? { ids: [...new Set(ids)].sort() } : filter;
  throw new InvalidInputError([
    {
      field: 'body',
      message: `expected either ids, or conditions (${Object.keys(conditions).join(', ')}), or all: true; got ${ways.length === 0 ? 'none' : 'several'} of them`,
    },
  ]);
}

/** For people, in the manner of the query language. */
export function printFilter(filter: DeadLetterFilter): string {
  const { name, queue, errorClass, fingerprint, failedAfter, failedBefore, replayed } = filter;
  const said = Object.entries({
    name,
    queue,
    error: errorClass,
    group: fingerprint,
    after: failedAfter?.toISOString(),
    before: failedBefore?.toISOString(),
    replayed,
  }).flatMap(([word, value]) => (value === undefined ? [] : [`${word}:${value}`]));
  return said.length === 0 ? 'all' : said.join(' ');
}

export function toLetterDto({
  taskId,
  fingerprint,
  failedAt,
  replayedAt,
  ...letter
}: DeadLetterSummary): DeadLetterDto {
  return {
    ...letter,
    id: taskId,
    group: fingerprint,
    failedAt: failedAt.toISOString(),
    replayedAt: replayedAt?.toISOString() ?? null,
  };
}

export function toLetterDetailDto({ trace, ...letter }: DeadLetterDetail): DeadLetterDetailDto {
  return { ...toLetterDto(letter), trace };
}

export function toGroupDto({
  fingerprint,
  firstFailedAt,
  lastFailedAt,
  ...group
}: DeadLetterGroup): DeadLetterGroupDto {
  return {
    ...group,
    group: fingerprint,
    firstFailedAt: firstFailedAt.toISOString(),
    lastFailedAt: lastFailedAt.toISOString(),
  };
}
