import { z } from 'zod';
import { QUEUE_NAMES, type QueueState } from '../../../platform/queues/index.js';
import { CONFIRM_SECONDS } from '../confirmations.js';
import type { QueueRate } from './queue-rates.js';

export const queueName = z.enum(QUEUE_NAMES, `expected one of ${QUEUE_NAMES.join(', ')}`);

export const queueSchema = z
  .object({
    name: z.enum(QUEUE_NAMES),
    paused: z.boolean().describe('Whether workers take nothing from it'),
    waiting: z.int(),
    active: z.int(),
    scheduled: z.int().describe('For their time, for a rate limit, or for their next attempt'),
    failed: z.int().describe('Failed for good, and not yet among the dead letters'),
    succeeded: z.int().describe('Of these only the latest are kept here'),
    oldestWaitingSeconds: z.number().nullable().describe('Null when none waits'),
    consumers: z.int().describe('Online workers that take tasks from it'),
    ratePerSecond: z
      .object({ in: z.number(), out: z.number() })
      .describe('Tasks that came and that ended, over the last minute'),
  })
  .meta({ id: 'Queue' });

export type QueueDto = z.output<typeof queueSchema>;

export const queueListSchema = z.object({ items: z.array(queueSchema) });

export const drainBody = z.preprocess(
  (body) => body ?? {},
  z.strictObject({
    token: z
      .string('expected the token of the first call')
      .max(100)
      .optional()
      .describe('Confirms it; without one, nothing is drained and a token is given'),
  }),
);

export const drainSchema = z
  .object({
    drained: z.int().describe('Tasks that were revoked'),
    remaining: z.int().describe('Tasks that wait'),
    token: z
      .string()
      .nullable()
      .describe(
        `To drain what remains now: send it back within ${CONFIRM_SECONDS} seconds; null when it was used`,
      ),
  })
  .meta({ id: 'Drain' });

export function toQueueDto(
  { oldestWaitingMs, ...state }: QueueState,
  rate: QueueRate | undefined,
  consumers: number | undefined,
): QueueDto {
  return {
    ...state,
    oldestWaitingSeconds: oldestWaitingMs === null ? null : Math.round(oldestWaitingMs) / 1000,
    consumers: consumers ?? 0,
    ratePerSecond: rate ?? { in: 0, out: 0 },
  };
}
