import { z } from 'zod';
import { TIMED_KINDS } from '../../../core/performance/index.js';
import { RANKINGS, type SlowItem, WINDOWS } from '../../../platform/performance/index.js';

const time = z.iso.datetime();
const limit = 'expected a whole number from 1 to 100';

export const timedKind = z.enum(TIMED_KINDS, `expected one of ${TIMED_KINDS.join(', ')}`);

export const slowestQuery = z.strictObject({
  window: z
    .enum(WINDOWS, `expected one of ${WINDOWS.join(', ')}`)
    .default('1h')
    .describe('How far to look back; to the beginning of the five minutes, or for 24h of the hour'),
  by: z
    .enum(RANKINGS, `expected one of ${RANKINGS.join(', ')}`)
    .default('p95')
    .describe('total: what all of them together take most of'),
  limit: z.coerce.number(limit).int(limit).min(1, limit).max(100, limit).default(10),
});

const slowItemSchema = z
  .object({
    name: z.string().describe('Template of the route, name of the task, or statement without its values'),
    count: z.number(),
    totalMs: z.number(),
    meanMs: z.number(),
    p95Ms: z.number().describe('Within 9 %'),
    maxMs: z.number(),
    queries: z.number().describe('Of one request or task, on average; 1 for a statement'),
    slowest: z
      .object({
        unit: z.string().nullable().describe('Route, task or other work'),
        id: z.string().nullable().describe('Of the request, in the log, or of the task, in the history'),
        at: time,
      })
      .describe('What took maxMs, or sent the statement that did'),
  })
  .meta({ id: 'SlowItem' });

export const slowestSchema = z
  .object({
    since: time.describe('What happened from then on counts'),
    items: z.array(slowItemSchema).describe('The slowest first'),
    nextCursor: z.null(),
  })
  .meta({ id: 'Slowest' });

export function toSlowItemDto({ slowest, ...item }: SlowItem): z.output<typeof slowItemSchema> {
  const { unit = null, id = null, at } = slowest;
  return { ...item, slowest: { unit, id, at: new Date(at).toISOString() } };
}
