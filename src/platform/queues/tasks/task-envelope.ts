import { z } from 'zod';
import { InvalidInputError } from '../../../core/errors/index.js';
import { MalformedTaskError, TaskTooLargeError, UnsupportedTaskVersionError } from '../queues.errors.js';
import type { TaskDefinition } from './task.js';

/** A payload is carried by Redis through every hop of the task; what is larger belongs in a table. */
const MAX_PAYLOAD_BYTES = 256 * 1024;

const id = z.string().max(128);

/** What travels with a payload. Times are milliseconds since 1970. */
const headersSchema = z.object({
  /** See `Correlation`: these join a task to the request and the task that caused it. */
  correlationId: id.optional(),
  requestId: id.optional(),
  parentId: id.optional(),
  rootId: id.optional(),
  /** The task that this one repeats, on behalf of an operator. */
  retryOf: id.optional(),
  /** Not begun before this time. */
  eta: z.number().optional(),
  /** Not begun after this time. */
  expiresAt: z.number().optional(),
  /** Its idempotency key, so that whoever ends the task can free it. */
  key: z.string().max(200).optional(),
});

export type TaskHeaders = z.output<typeof headersSchema>;

/** The JSON that Bull stores as a job's data. */
const envelopeSchema = z.object({
  version: z.int().min(1),
  payload: z.unknown(),
  /** When it was enqueued, in milliseconds since 1970; tells how long it waited. */
  enqueuedAt: z.number(),
  /** Absent in what a release before 0.2 has enqueued. */
  headers: headersSchema.default({}),
});

export type TaskEnvelope = z.output<typeof envelopeSchema>;

/**
 * Wraps a payload for the queue.
 * @throws InvalidInputError when the payload does not fit the task's schema; TaskTooLargeError over 256 KB.
 */
export function seal<P>(
  task: TaskDefinition<P>,
  payload: P,
  headers: Omit<TaskHeaders, 'key'> = {},
): TaskEnvelope {
  const parsed = task.schema.safeParse(payload);
  if (!parsed.success)
    throw InvalidInputError.fromIssues(parsed.error.issues, payload, `payload of ${task.name}`);
  // The input goes on the wire, not the parsed value: the worker parses it again, and a transform must run once.
  assertCarriable(task.name, payload);
  const key = task.idempotencyKey?.(payload);
  return {
    version: task.version,
    payload,
    enqueuedAt: Date.now(),
    headers: { ...headers, ...(key !== undefined && { key }) },
  };
}

/**
 * The payload alone counts: headers grow when a task is repeated, and what was taken once must be taken again.
 * @throws TaskTooLargeError over 256 KB.
 */
export function assertCarriable(task: string, payload: unknown): void {
  const bytes = payload === undefined ? 0 : Buffer.byteLength(JSON.stringify(payload));
  if (bytes > MAX_PAYLOAD_BYTES) throw new TaskTooLargeError(task, bytes, MAX_PAYLOAD_BYTES);
}

/**
 * Reads an envelope without its task, for whoever only tells of it: what no release of Gleaner has written is a payload.
 * @param timestamp of its job, for such.
 */
export function readEnvelope(data: unknown, timestamp: number): TaskEnvelope {
  const envelope = envelopeSchema.safeParse(data);
  return envelope.success ? envelope.data : { version: 1, payload: data, enqueuedAt: timestamp, headers: {} };
}

/**
 * Unwraps what a worker took from the queue.
 * @throws UnsupportedTaskVersionError (retryable) when a newer release wrote it; MalformedTaskError when it is broken.
 */
export function unseal<P>(task: TaskDefinition<P>, data: unknown): TaskEnvelope & { payload: P } {
  const envelope = envelopeSchema.safeParse(data);
  if (!envelope.success) throw new MalformedTaskError(task.name, z.prettifyError(envelope.error));
  const { version, payload } = envelope.data;
  if (version > task.version) throw new UnsupportedTaskVersionError(task.name, version, task.version);
  const parsed = task.schema.safeParse(payload);
  if (!parsed.success) throw new MalformedTaskError(task.name, z.prettifyError(parsed.error));
  return { ...envelope.data, payload: parsed.data };
}
