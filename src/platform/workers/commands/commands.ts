import { z } from 'zod';
import { MAX_PROFILE_SECONDS } from '../../performance/index.js';
import { QUEUE_NAMES, taskRate } from '../../queues/index.js';

/** Tasks that a worker may be told to run at once. */
const MAX_POOL = 3000;
/** Ids in one command. */
const MAX_REVOKED = 1000;

const poolSize = `expected a whole number from 1 to ${MAX_POOL}`;
const taskCount = z.int(poolSize).min(1, poolSize).max(MAX_POOL, poolSize);
const nameLength = 'expected the name of a task, of 1 to 200 characters';
const task = z.string(nameLength).min(1, nameLength).max(200, nameLength);
const queue = z.enum(QUEUE_NAMES, `expected one of ${QUEUE_NAMES.join(', ')}`);
const milliseconds = 'expected whole milliseconds from 1 to 86400000';
const limitMs = z.int(milliseconds).min(1, milliseconds).max(86_400_000, milliseconds);

/** They change nothing. */
const reading = [
  z.strictObject({ type: z.literal('ping') }),
  /** What it tells with every heartbeat, as it is now. */
  z.strictObject({ type: z.literal('stats') }),
  /** All settings with their values; of secrets only that they are set. */
  z.strictObject({ type: z.literal('conf') }),
  /** The tasks that it can run. */
  z.strictObject({ type: z.literal('registered') }),
  z.strictObject({ type: z.literal('active') }),
  /** Taken from a queue and not begun. */
  z.strictObject({ type: z.literal('reserved') }),
  /** Waiting for their time, to be begun or tried again; every worker sees the same. */
  z.strictObject({ type: z.literal('scheduled') }),
] as const;

const steering = [
  z.strictObject({ type: z.literal('pool.grow'), by: taskCount }),
  /** Never below one. */
  z.strictObject({ type: z.literal('pool.shrink'), by: taskCount }),
  z.strictObject({ type: z.literal('pool.resize'), to: taskCount }),
  /** By how many tasks wait; `null` stays where it is. */
  z.strictObject({
    type: z.literal('pool.autoscale'),
    bounds: z
      .strictObject({ min: taskCount, max: taskCount }, 'expected min and max, or null')
      .refine(({ min, max }) => min <= max, 'expected a max that is not below min')
      .nullable(),
  }),
  z.strictObject({ type: z.literal('queue.add-consumer'), queue }),
  z.strictObject({ type: z.literal('queue.cancel-consumer'), queue }),
  /** Of the task on all workers together, whichever are told, also those to come; `null` takes the limit away. */
  z.strictObject({
    type: z.literal('rate-limit'),
    task,
    rate: taskRate.nullable(),
  }),
  /** Of an attempt, on all workers, as `rate-limit`; `null` restores what the task declares. */
  z.strictObject({
    type: z.literal('time-limit'),
    task,
    limits: z
      .strictObject({ softMs: limitMs, hardMs: limitMs.optional() }, 'expected softMs and hardMs, or null')
      .refine(({ softMs, hardMs = softMs }) => softMs <= hardMs, 'expected a hardMs that is not below softMs')
      .nullable(),
  }),
  /** Takes no further tasks; those that run go on. */
  z.strictObject({ type: z.literal('pause') }),
  z.strictObject({ type: z.literal('resume') }),
] as const;

/** Ends the process as SIGTERM does: tasks get their time to finish. */
const shutdown = z.strictObject({ type: z.literal('shutdown') });

/** Stops those of the tasks that run there. Call `Revocations.revoke` first, which sees to all others. */
const revoke = z.strictObject({
  type: z.literal('revoke'),
  ids: z
    .array(z.string().regex(/^[A-Za-z0-9_-]{1,128}$/, 'expected the id of a task'))
    .min(1)
    .max(MAX_REVOKED),
  how: z.enum(['abort', 'terminate']),
});

/** Samples what the worker does, and puts the profile into Redis; see WorkerProfiles. */
const profile = z.strictObject({
  type: z.literal('profile'),
  id: z.uuid(),
  seconds: z.int().min(1).max(MAX_PROFILE_SECONDS),
});
/** Nobody waits for it any more. */
const profileCancel = z.strictObject({ type: z.literal('profile.cancel'), id: z.uuid() });

/** What a worker can be told. Both ends check it; a worker that does not know the type says so. */
export const commandSchema = z.discriminatedUnion('type', [
  ...reading,
  ...steering,
  shutdown,
  revoke,
  profile,
  profileCancel,
]);

/** Names of the commands that only ask, and have no arguments. */
export const READING_COMMANDS = reading.map(({ shape }) => shape.type.value);
export type ReadingCommand = (typeof READING_COMMANDS)[number];

const steeringTypes = steering.map(({ shape }) => shape.type.value).join(', ');

/** The commands that change how a worker works, and neither end it nor a task. */
export const steeringSchema = z.discriminatedUnion('type', [...steering], `expected one of ${steeringTypes}`);

export type WorkerCommand = z.output<typeof commandSchema>;
export type CommandType = WorkerCommand['type'];

const types = new Set<unknown>(commandSchema.options.map(({ shape }) => shape.type.value));

/** Whether this release knows what is meant, be it well-formed or not. */
export function isKnownCommand(command: unknown): boolean {
  return typeof command === 'object' && command !== null && 'type' in command && types.has(command.type);
}
