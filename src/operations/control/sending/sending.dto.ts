import { z } from 'zod';
import { QUEUE_NAMES } from '../../../platform/queues/index.js';
import { taskDetailSchema, taskId } from '../tasks/task.dto.js';

/** Below the time that any request may take. */
const MAX_WAIT_SECONDS = 20;

const moment = z.iso
  .datetime({ offset: true, error: 'expected a time like 2026-01-02T03:04:05Z' })
  .transform((text) => new Date(text));

export const sendTaskBody = z
  .strictObject({
    name: z.string('expected the name of a task').min(1).max(200).describe('One of /api/v1/ops/task-types'),
    payload: z.unknown().describe('Checked by the schema of the task'),
    id: taskId.optional().describe('Unique for ever; random by default. The same id again does nothing'),
    eta: moment.optional().describe('Not begun before'),
    expiresAt: moment.optional().describe('Not begun after; then it ends as expired'),
    waitSeconds: z
      .number(`expected seconds, ${MAX_WAIT_SECONDS} at most`)
      .min(0)
      .max(MAX_WAIT_SECONDS)
      .default(0)
      .describe('Answer when it has ended, or after so long'),
  })
  .refine(({ eta, expiresAt }) => !eta || !expiresAt || eta < expiresAt, {
    path: ['expiresAt'],
    error: 'expected a time after eta',
  });

export type SendTask = z.output<typeof sendTaskBody>;

export const sentTaskSchema = z
  .object({
    id: z.string().describe('Of the task, or of one with the same idempotency key that has not ended'),
    created: z.boolean().describe('Whether it was not there before'),
    task: taskDetailSchema.nullable().describe('With waitSeconds, when it has ended by then'),
  })
  .meta({ id: 'SentTask' });

export const taskTypesSchema = z
  .object({
    items: z.array(
      z
        .object({
          name: z.string(),
          queue: z.enum(QUEUE_NAMES),
          version: z.int(),
          attempts: z.int().describe('How often it is tried at most'),
          backoff: z.object({ baseMs: z.number(), maxMs: z.number() }),
          deadlineMs: z.int().describe('Of an attempt, as the code says'),
          isolated: z.boolean().describe('Whether it has a process of its own, which can be killed'),
          critical: z.boolean(),
          payload: z.unknown().describe('JSON Schema of the payload'),
          rateLimit: z
            .string()
            .nullable()
            .describe('Set by an operator, e.g. 10/m, for all workers together'),
          timeLimit: z
            .object({ softMs: z.int(), hardMs: z.int().optional() })
            .nullable()
            .describe('Set by an operator instead of deadlineMs'),
        })
        .meta({ id: 'TaskType' }),
    ),
  })
  .meta({ id: 'TaskTypes' });
