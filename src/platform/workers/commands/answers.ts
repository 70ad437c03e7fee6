import { z } from 'zod';
import { workerFactsSchema, workerTaskSchema } from '../registry/worker-facts.js';
import type { CommandType } from './commands.js';

/** Tasks in one answer; `count` tells of all. */
export const TASKS_AN_ANSWER = 1000;
/** Tasks that wait for their time, of each queue: those that are due soonest. */
export const SCHEDULED_A_QUEUE = 100;

const tasks = z.object({ count: z.number(), tasks: z.array(workerTaskSchema) });
const pool = z.object({ concurrency: z.number() });
const queues = z.object({ queues: z.array(z.object({ name: z.string(), consuming: z.boolean() })) });
const paused = z.object({ paused: z.boolean() });

const scheduledTaskSchema = z.object({
  id: z.string(),
  name: z.string(),
  queue: z.string(),
  /** Milliseconds since 1970. */
  eta: z.number(),
  /** The attempt that waits: 1 for a task that has not been tried yet, more for one that is tried again. */
  attempt: z.number(),
});

export type ScheduledTask = z.output<typeof scheduledTaskSchema>;

/** What a worker answers to each command. What a later release adds must be optional, as in heartbeats. */
export const answerSchemas = {
  ping: z.object({ pong: z.literal(true) }),
  stats: workerFactsSchema,
  conf: z.object({
    settings: z.array(z.object({ name: z.string(), value: z.unknown(), about: z.string() })),
  }),
  registered: z.object({
    tasks: z.array(
      z.object({
        name: z.string(),
        queue: z.string(),
        version: z.number(),
        attempts: z.number(),
        deadlineMs: z.number(),
        isolated: z.boolean(),
        critical: z.boolean(),
      }),
    ),
  }),
  active: tasks,
  reserved: tasks,
  scheduled: z.object({ count: z.number(), tasks: z.array(scheduledTaskSchema) }),
  'pool.grow': pool,
  'pool.shrink': pool,
  'pool.resize': pool,
  'pool.autoscale': pool.extend({ autoscale: z.object({ min: z.number(), max: z.number() }).nullable() }),
  'queue.add-consumer': queues,
  'queue.cancel-consumer': queues,
  'rate-limit': z.object({ task: z.string(), rate: z.string().nullable() }),
  'time-limit': z.object({
    task: z.string(),
    limits: z.object({ softMs: z.number(), hardMs: z.number().optional() }).nullable(),
  }),
  pause: paused,
  resume: paused,
  shutdown: z.object({ shuttingDown: z.literal(true) }),
  profile: z.object({ begun: z.literal(true) }),
  'profile.cancel': z.object({ cancelled: z.boolean() }),
  /** The ids of those that ran there. */
  revoke: z.object({ revoked: z.array(z.string()) }),
} satisfies Record<CommandType, z.ZodType>;

export type AnswerTo<T extends CommandType> = z.output<(typeof answerSchemas)[T]>;
