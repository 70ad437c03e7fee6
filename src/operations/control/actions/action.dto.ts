import { z } from 'zod';

/** A body may be left out. */
const optionalBody = <S extends z.ZodType>(schema: S) => z.preprocess((body) => body ?? {}, schema);

export const revokeBody = optionalBody(
  z.strictObject({
    terminate: z
      .boolean('expected true or false')
      .default(false)
      .describe('Kill the process of an isolated task; for others the same as without'),
  }),
);

export const noBody = optionalBody(z.strictObject({}));

export const editBody = z.strictObject({
  payload: z
    .unknown()
    .refine((payload) => payload !== undefined, 'expected the payload of the new task')
    .describe('Whole payload of the new task; checked if this release knows the task'),
});

export const revokedSchema = z
  .object({
    id: z.string(),
    was: z
      .enum(['waiting', 'scheduled', 'active', 'ended', 'unknown', 'outbox'])
      .describe('Where it was; an active one stops within a second, if it heeds its signal'),
  })
  .meta({ id: 'Revoked' });

export const retriedSchema = z
  .object({
    id: z.string().describe('Of the new task, or of one with the same idempotency key that has not ended'),
    created: z.boolean().describe('Whether it was not there before'),
    retryOf: z.string(),
  })
  .meta({ id: 'Retried' });
