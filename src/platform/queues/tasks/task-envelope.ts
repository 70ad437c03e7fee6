import { z } from 'zod';
import { InvalidInputError } from '../../../core/errors/index.js';
import { MalformedTaskError, TaskTooLargeError, UnsupportedTaskVersionError } from '../queues.errors.js';
import type { TaskDefinition } from './task.js';

/** A payload is carried by Redis through every hop of the task; what is larger belongs in a table. */
const MAX_BYTES = 256 * 1024;

/** The JSON that Bull stores as a job's data. */
const envelopeSchema = z.object({
  version: z.int().min(1),
  payload: z.unknown(),
  /** When it was enqueued, in milliseconds since 1970; tells how long it waited. */
  enqueuedAt: z.number(),
});

export type TaskEnvelope = z.output<typeof envelopeSchema>;

/**
 * Wraps a payload for the queue.
 * @throws InvalidInputError when the payload does not fit the task's schema; TaskTooLargeError over 256 KB.
 */
export function seal<P>(task: TaskDefinition<P>, payload: P): TaskEnvelope {
  const parsed = task.schema.safeParse(payload);
  if (!parsed.success)
    throw InvalidInputError.fromIssues(parsed.error.issues, payload, `payload of ${task.name}`);
  // The input goes on the wire, not the parsed value: the worker parses it again, and a transform must run once.
  const envelope = { version: task.version, payload, enqueuedAt: Date.now() };
  const bytes = Buffer.byteLength(JSON.stringify(envelope));
  if (bytes > MAX_BYTES) throw new TaskTooLargeError(task.name, bytes, MAX_BYTES);
  return envelope;
}

/**
 * Unwraps what a worker took from the queue.
 * @throws UnsupportedTaskVersionError (retryable) when a newer release wrote it; MalformedTaskError when it is broken.
 */
export function unseal<P>(task: TaskDefinition<P>, data: unknown): { payload: P; enqueuedAt: number } {
  const envelope = envelopeSchema.safeParse(data);
  if (!envelope.success) throw new MalformedTaskError(task.name, z.prettifyError(envelope.error));
  const { version, payload, enqueuedAt } = envelope.data;
  if (version > task.version) throw new UnsupportedTaskVersionError(task.name, version, task.version);
  const parsed = task.schema.safeParse(payload);
  if (!parsed.success) throw new MalformedTaskError(task.name, z.prettifyError(parsed.error));
  return { payload: parsed.data, enqueuedAt };
}
