import type { QueueName } from '../bull/queue-names.js';

/** A task that a worker has begun, or holds. */
export interface HeldTask {
  readonly id: string;
  readonly name: string;
  readonly queue: QueueName;
  readonly attempt: number;
  readonly start: number;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** Milliseconds since 1970: the last progress or heartbeat, or else the start. */
  readonly aliveAt: number;
  /** Unchecked and unredacted. */
  readonly payload: unknown;
  /** Whether it is held and not begun yet. */
  readonly waiting: boolean;
  /** Of the child process of an isolated task. */
  readonly pid?: number;
}

export interface WorkerSnapshot {
  readonly queues: readonly { readonly name: QueueName; readonly consuming: boolean }[];
  /** Tasks that it runs at once, over all queues. */
  readonly concurrency: number;
  readonly autoscale?: { readonly min: number; readonly max: number };
  readonly paused: boolean;
  readonly draining: boolean;
  readonly active: readonly HeldTask[];
  /** Taken from a queue and not begun, e.g. waiting for a child process. */
  readonly reserved: readonly HeldTask[];
  /** Since the process began. */
  readonly totals: {
    readonly processed: number;
    readonly succeeded: number;
    readonly failed: number;
    readonly retried: number;
    readonly revoked: number;
  };
}

/** A task that a worker can run. */
export interface RunnableTask {
  readonly name: string;
  readonly queue: QueueName;
  readonly version: number;
  readonly attempts: number;
  readonly deadlineMs: number;
  readonly isolated: boolean;
  readonly critical: boolean;
}

/** What can be seen of and done to the worker of this process; each change is effective at once. */
export abstract class ControllableWorker {
  /** Host, process and a random part: no two processes ever have the same. */
  abstract readonly id: string;
  abstract snapshot(): WorkerSnapshot;
  abstract registered(): readonly RunnableTask[];
  /** @returns the new concurrency. Switches autoscaling off. Tasks above it are not stopped. */
  abstract resize(concurrency: number): number;
  /** Between the bounds, by how many tasks wait; `undefined` stays where it is. */
  abstract autoscale(bounds: { min: number; max: number } | undefined): void;
  abstract consume(queue: QueueName, consuming: boolean): void;
  abstract pause(): void;
  abstract resume(): void;
  /** Aborts the task if it runs here, after its tombstone is set. @returns whether it does. */
  abstract revoke(taskId: string, how: 'abort' | 'terminate'): boolean;
  /**
   * The last answer of Redis on the connections over which tasks are taken, in milliseconds since 1970. While it asks
   * for none there, because a listener of task events is full, the present: nothing is overdue then.
   */
  abstract lastContact(): number;
}
