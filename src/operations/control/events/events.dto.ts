import { z } from 'zod';
import { CHANGE_KINDS } from '../../../platform/changes/index.js';
import { TASK_STATES } from '../../../platform/history/index.js';
import { QUEUE_NAMES } from '../../../platform/queues/index.js';

const WORKER_STATES = ['online', 'offline', 'stopped'] as const;
const exact = z.string().min(1).max(300);

/** All conditions have to be met; a change that does not have what is asked for does not meet it. */
export const eventsQuery = z.strictObject({
  kind: z.enum(CHANGE_KINDS).optional().describe('Only changes of tasks, or of workers'),
  state: z
    .enum([...TASK_STATES, ...WORKER_STATES])
    .optional()
    .describe('What the task or worker is now'),
  queue: z.enum(QUEUE_NAMES).optional().describe('Of the task, or one that the worker consumes'),
  name: exact.optional().describe('Of the task'),
  worker: exact.optional().describe('Id of the worker, or of the one that last had the task'),
  id: exact.optional().describe('Of the task or worker'),
});

export type EventsQuery = z.output<typeof eventsQuery>;
