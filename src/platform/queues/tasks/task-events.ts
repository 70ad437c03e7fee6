import { Injectable } from '@nestjs/common';
import type { WorkUnit } from '../../../core/performance/index.js';
import type { QueueName } from '../bull/queue-names.js';
import type { TaskEnvelope } from './task-envelope.js';

/** A task as its queue knows it. */
export interface TaskFacts {
  readonly id: string;
  readonly name: string;
  readonly queue: QueueName;
  /** `payload` is unchecked and may hold anything, secrets included. */
  readonly envelope: TaskEnvelope;
  /** How often it is tried at most. */
  readonly maxAttempts: number;
  readonly critical: boolean;
}

/** An error as it is kept: no longer than people read. */
export interface TaskFailure {
  /** Name of the error's class, e.g. `TaskDeadlineError`. */
  readonly class: string;
  /** `code` of a GleanerError. */
  readonly code?: string;
  readonly message: string;
  readonly trace?: string;
}

/** One execution by one worker. */
interface OfAttempt {
  readonly task: TaskFacts;
  /** Id of the worker process. */
  readonly workerId: string;
  /** How often the task has been begun, this time included: the fencing token. */
  readonly start: number;
  /** 1 for the first; a start after a crash or a hand-back repeats the number. */
  readonly attempt: number;
  /** What it has cost so far, once it has begun. */
  readonly unit?: WorkUnit;
}

/**
 * What happens to tasks, each told once by the process in which it happens, in its order there. `at` and the other
 * times are milliseconds since 1970; between processes the order is that of `start`.
 */
export type TaskEvent = { readonly at: number } & (
  | { readonly type: 'sent'; readonly task: TaskFacts }
  /** Taken by a worker, and not begun yet. */
  | ({ readonly type: 'received' } & OfAttempt)
  | ({ readonly type: 'started' } & OfAttempt)
  | ({ readonly type: 'progress'; readonly progress: TaskProgress } & OfAttempt)
  | ({
      readonly type: 'log';
      readonly message: string;
      readonly fields?: Record<string, unknown>;
    } & OfAttempt)
  | ({ readonly type: 'succeeded'; readonly result: unknown; readonly runtimeMs: number } & OfAttempt)
  /** Failed, and tried again at `retryAt`. */
  | ({
      readonly type: 'retry';
      readonly failure: TaskFailure;
      readonly runtimeMs: number;
      readonly retryAt: number;
    } & OfAttempt)
  | ({ readonly type: 'failed'; readonly failure: TaskFailure; readonly runtimeMs: number } & OfAttempt)
  /** Revoked while it ran. */
  | ({ readonly type: 'revoked'; readonly runtimeMs: number } & OfAttempt)
  /** Given back to its queue without having ended, e.g. because the worker shuts down. */
  | ({ readonly type: 'returned'; readonly runtimeMs: number } & OfAttempt)
  /** Put off by a rate limit before it began. */
  | ({ readonly type: 'postponed'; readonly until: number } & OfAttempt)
  /** The lock was lost: another worker may have begun it already, and what this one does is not written. */
  | ({ readonly type: 'lost'; readonly runtimeMs: number } & OfAttempt)
  /** Never begun, because its time was over. */
  | { readonly type: 'expired'; readonly task: TaskFacts }
  /** Taken out of its queue by an operator, or found revoked when its turn came. */
  | { readonly type: 'withdrawn'; readonly task: Pick<TaskFacts, 'id'> }
);

export interface TaskProgress {
  readonly done: number;
  readonly total?: number;
  readonly message?: string;
}

export interface TaskListener {
  /** Must not throw, and must be quick: the worker waits for it. */
  told(event: TaskEvent): void;
  /** When it cannot take more for now: workers take no further tasks until the promise is resolved. */
  full?(): Promise<void> | undefined;
}

/** Tells what happens to tasks in this process to whoever keeps it. */
@Injectable()
export class TaskEvents {
  private readonly listeners: TaskListener[] = [];

  subscribe(listener: TaskListener): void {
    this.listeners.push(listener);
  }

  emit(event: TaskEvent): void {
    for (const listener of this.listeners) listener.told(event);
  }

  /** Something to wait for before more tasks are taken or enqueued; `undefined` when all listeners keep up. */
  full(): Promise<unknown> | undefined {
    const waits = this.listeners.flatMap((listener) => listener.full?.() ?? []);
    return waits.length === 0 ? undefined : Promise.all(waits);
  }
}
