import { z } from 'zod';
import { parseQuery } from '../../../platform/history/index.js';
import { InvalidInputError } from '../../../core/errors/index.js';
import { taskId } from '../tasks/task.dto.js';
import { BULK_ACTIONS, BULK_STATES } from './bulk-operation.js';
import type { BulkSelection } from './task-bulk.js';

const MAX_IDS = 1000;

const common = {
  ids: z
    .array(taskId)
    .min(1)
    .max(MAX_IDS, `expected at most ${MAX_IDS} ids; a query has no such limit`)
    .optional(),
  query: z.string('expected a query').optional().describe('In place of ids'),
  dryRun: z
    .boolean('expected true or false')
    .default(false)
    .describe('Only say on how many tasks it would act'),
};

export const bulkRevokeBody = z.strictObject({
  ...common,
  terminate: z.boolean('expected true or false').default(false),
});
export const bulkRetryBody = z.strictObject(common);

export const bulkCountSchema = z
  .object({ dryRun: z.literal(true), count: z.int(), atLeast: z.boolean() })
  .meta({ id: 'BulkCount' });

export const bulkOperationSchema = z
  .object({
    id: z.uuid(),
    action: z.enum(BULK_ACTIONS),
    query: z.string().nullable().describe('As it was understood; null when ids were given'),
    keyId: z.string().describe('The key that asked for it'),
    startedAt: z.iso.datetime(),
    finishedAt: z.iso.datetime().nullable(),
    state: z
      .enum(BULK_STATES)
      .describe('interrupted: its process has ended; what was done is done, and asking again does the rest'),
    total: z.int().describe('Tasks, or dead letters, to act on, as counted at the beginning'),
    atLeast: z.boolean().describe('There may have been more'),
    done: z.int().describe('Those that it acted on'),
    skipped: z.int().describe('Those on which there was nothing to be done any more'),
    failed: z.int(),
    failures: z.array(z.object({ id: z.string(), error: z.string() })).describe('The first ten'),
    limited: z.boolean().describe('It ended with as many as one operation may act on'),
    error: z.string().nullable().describe('Why it was given up'),
  })
  .meta({ id: 'BulkOperation' });

/** @throws InvalidInputError unless it is either ids or a query; QuerySyntaxError. */
export function selectionOf({ ids, query: text }: { ids?: string[]; query?: string }): BulkSelection {
  if ((ids === undefined) === (text === undefined))
    throw new InvalidInputError([{ field: 'body', message: 'expected either ids or a query' }]);
  if (ids) return { ids: [...new Set(ids)] };
  const query = parseQuery(text ?? '');
  if (query) return { query };
  // Nobody means all tasks by a field that was left empty.
  throw new InvalidInputError([
    { field: 'query', message: 'expected a condition, got none; for every task write id:*' },
  ]);
}
