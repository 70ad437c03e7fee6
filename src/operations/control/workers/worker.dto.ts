import { z } from 'zod';
import { pageQuery, pageSchema, text } from '../../../core/http/index.js';
import {
  answerSchemas,
  type ControlOutcome,
  READING_COMMANDS,
  steeringSchema,
  WORKER_STATES,
  type WorkerInfo,
} from '../../../platform/workers/index.js';
import { queueName } from '../queues/queue.dto.js';

const MAX_NAMED = 100;
const DEFAULT_SECONDS = 2;
/** Below the time in which a request has to be answered. */
const MAX_SECONDS = 20;

const time = z.iso.datetime();

const workerFields = {
  id: z.string(),
  state: z
    .enum(WORKER_STATES)
    .describe('offline: not heard of for 12 seconds; stopped: it has said that it ends'),
  host: z.string(),
  pid: z.int(),
  version: z.string(),
  mode: z.string(),
  startedAt: time.describe("By the worker's clock"),
  heardAt: time.describe("Its last heartbeat, by Redis's clock"),
  silentSeconds: z.number().describe('Since then'),
  queues: z.array(z.object({ name: z.string(), consuming: z.boolean() })),
  concurrency: z.number().describe('Tasks that it runs at once'),
  autoscale: z.object({ min: z.number(), max: z.number() }).nullable(),
  paused: z.boolean(),
  draining: z.boolean().describe('It takes nothing new, because it is about to end'),
  activeCount: z.number().describe('Tasks that it runs'),
  reservedCount: z.number().describe('Tasks that it holds and has not begun'),
  totals: z
    .object({
      processed: z.number(),
      succeeded: z.number(),
      failed: z.number(),
      retried: z.number(),
      revoked: z.number(),
    })
    .describe('Since it began'),
  rssBytes: z.number(),
  cpu: z.number().describe('Of one core, between the last two heartbeats: 0.5 is half a core'),
  eventLoopLagMs: z.number().describe('99th percentile, between the last two heartbeats'),
};

const workerSchema = z.object(workerFields).meta({ id: 'Worker' });

export type WorkerDto = z.output<typeof workerSchema>;

export const workerPageSchema = pageSchema(workerSchema);

const activeTaskSchema = z.object({
  id: z.string(),
  name: z.string(),
  queue: z.string(),
  attempt: z.number(),
  start: z.number().describe('How often it has been begun'),
  startedAt: time,
  aliveAt: time.describe('Its last progress or heartbeat, or else the start'),
  pid: z.number().nullable().describe('Of the process of an isolated task'),
});

export const workerDetailSchema = workerSchema
  .extend({ active: z.array(activeTaskSchema).describe('The first 100 of the tasks that it runs') })
  .meta({ id: 'WorkerDetail' });

export type WorkerDetailDto = z.output<typeof workerDetailSchema>;

export const workerId = text(300);

export const listWorkersQuery = z.strictObject({
  state: z.enum(WORKER_STATES, `expected one of ${WORKER_STATES.join(', ')}`).optional(),
  queue: queueName.optional().describe('Those that take tasks from it'),
  ...pageQuery(z.tuple([workerId])),
});

const seconds = `expected 0.1 to ${MAX_SECONDS} seconds`;
const wait = (number: z.ZodNumber | z.ZodCoercedNumber) =>
  number
    .min(0.1, seconds)
    .max(MAX_SECONDS, seconds)
    .default(DEFAULT_SECONDS)
    .describe('How long to wait for answers; who has not begun by then never does');

const ids = z
  .array(workerId, 'expected the ids of workers')
  .min(1, 'expected the id of a worker')
  .max(MAX_NAMED, `expected at most ${MAX_NAMED} workers`);

export const reading = z.enum(READING_COMMANDS, `expected one of ${READING_COMMANDS.join(', ')}`);

export const inspectOneQuery = z.strictObject({ timeoutSeconds: wait(z.coerce.number(seconds)) });

export const inspectQuery = inspectOneQuery.extend({
  /** One given once comes as text, more of them as a list. */
  worker: z
    .preprocess((given) => (given === undefined || Array.isArray(given) ? given : [given]), ids.optional())
    .describe(`Only these, up to ${MAX_NAMED}; without it all that are online`),
});

export const commandBody = z.strictObject({
  command: steeringSchema,
  timeoutSeconds: wait(z.number(seconds)),
});

export const commandsBody = commandBody.extend({
  workers: ids.optional().describe('Only these; without it all that are online'),
});

const shutdownFields = { timeoutSeconds: wait(z.number(seconds)) };

export const shutdownBody = z.preprocess((body) => body ?? {}, z.strictObject(shutdownFields));

/** Nobody means all workers by a field that was left out. */
export const shutdownsBody = z.strictObject({ workers: ids, ...shutdownFields });

const error = z.object({ code: z.string(), message: z.string() });

const repliesOf = (result: z.ZodType) => ({
  replies: z.array(
    z.discriminatedUnion('ok', [
      z.object({ workerId: z.string(), ok: z.literal(true), result }),
      z.object({ workerId: z.string(), ok: z.literal(false), error }),
    ]),
  ),
  silent: z.array(z.string()).describe('Workers that were asked and have not answered in time'),
});

const { ping, stats, conf, registered, active, reserved, scheduled } = answerSchemas;

export const inspectedSchema = z
  .object(
    repliesOf(
      z
        .union([ping, stats, conf, registered, active, reserved, scheduled])
        .describe('As the worker tells it; its times are milliseconds since 1970'),
    ),
  )
  .meta({ id: 'Inspected' });

export const commandedSchema = z
  .object({
    ...repliesOf(z.unknown().describe('How it stands now with what was changed')),
    everywhere: z
      .boolean()
      .describe(
        'True for the limit of a task, which holds for all workers, also those to come, whoever has answered',
      ),
  })
  .meta({ id: 'Commanded' });

export type Commanded = ControlOutcome<unknown>;

export function toWorkerDto({
  startedAt,
  heardAt,
  silentMs,
  autoscale,
  active: _,
  ...rest
}: WorkerInfo): WorkerDto {
  return {
    ...rest,
    startedAt: new Date(startedAt).toISOString(),
    heardAt: new Date(heardAt).toISOString(),
    silentSeconds: silentMs / 1000,
    autoscale: autoscale ?? null,
  };
}

export function toWorkerDetailDto(worker: WorkerInfo): WorkerDetailDto {
  return {
    ...toWorkerDto(worker),
    active: worker.active.map(({ startedAt, aliveAt, pid = null, ...task }) => ({
      ...task,
      startedAt: new Date(startedAt).toISOString(),
      aliveAt: new Date(aliveAt).toISOString(),
      pid,
    })),
  };
}
