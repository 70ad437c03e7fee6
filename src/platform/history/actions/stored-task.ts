import { InvalidInputError } from '../../../core/errors/index.js';
import type { TaskState } from '../entities/task.entity.js';
import { type QueueName, QUEUE_NAMES, type RawTask, type TaskCatalogue } from '../../queues/index.js';

/** A task of the history, as far as it is needed to send it again. */
export interface StoredTask {
  id: string;
  name: string;
  queue: string;
  state: TaskState;
  version: number;
  /** As it was sent. */
  payload: unknown;
  maxAttempts: number;
  critical: boolean;
  correlationId: string | null;
  parentId: string | null;
  rootId: string | null;
}

/** For STORED_TASK the arguments are the payload unless something was left out of them. */
export const STORED_TASK = `SELECT id, name, queue, state, version, coalesce(payload::json, args::json) AS payload,
  max_attempts AS "maxAttempts", critical, correlation_id AS "correlationId", parent_id AS "parentId",
  root_id AS "rootId" FROM task`;

/** Of a task that this release does not know. */
const UNKNOWN_BACKOFF = { baseMs: 1000, maxMs: 300_000 };

/**
 * The same task once more, under another id, in the same chain.
 * @param edited payload in place of the stored one; then it is one of the version that this release has.
 * @throws InvalidInputError when its queue is no more.
 */
export function repetitionOf(
  stored: StoredTask,
  id: string,
  catalogue: Pick<TaskCatalogue, 'get'>,
  edited?: { payload: unknown },
): RawTask {
  const { name, queue, maxAttempts, critical } = stored;
  if (!isQueue(queue))
    throw new InvalidInputError([
      { field: 'id', message: `expected a task of a queue that there is, got "${queue}"` },
    ]);
  const definition = catalogue.get(name);
  const payload = edited ? edited.payload : stored.payload;
  const parsed = definition?.schema.safeParse(payload);
  const key = parsed?.success ? definition?.idempotencyKey?.(parsed.data) : undefined;
  const headers = {
    correlationId: stored.correlationId ?? stored.id,
    ...(stored.parentId !== null && { parentId: stored.parentId }),
    ...(stored.rootId !== null && { rootId: stored.rootId }),
    ...(key !== undefined && { key }),
    retryOf: stored.id,
  };
  const version = edited && definition ? definition.version : stored.version;
  return {
    id,
    name,
    queue,
    envelope: { version, payload, enqueuedAt: Date.now(), headers },
    maxAttempts,
    backoff: definition?.backoff ?? UNKNOWN_BACKOFF,
    critical,
  };
}

const isQueue = (name: string): name is QueueName => (QUEUE_NAMES as readonly string[]).includes(name);
