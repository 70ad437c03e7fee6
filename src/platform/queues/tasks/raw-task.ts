import type { QueueName } from '../bull/queue-names.js';
import type { TaskDefinition } from './task.js';
import type { TaskEnvelope } from './task-envelope.js';

/** A task as it is sent and stored: what is left of its definition once it is on its way. */
export interface RawTask {
  /** Unique for ever: letters, digits, "_" and "-", 128 at most. */
  readonly id: string;
  readonly name: string;
  readonly queue: QueueName;
  readonly envelope: TaskEnvelope;
  readonly maxAttempts: number;
  readonly backoff: TaskDefinition['backoff'];
  readonly critical: boolean;
}
