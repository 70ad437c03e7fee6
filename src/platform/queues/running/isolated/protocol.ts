import type { WorkCosts } from '../../../../core/performance/index.js';
import type { TaskFailure } from '../../tasks/task-events.js';

/** What a worker tells the process of an isolated task. */
export type ToChild =
  | {
      readonly type: 'run';
      readonly name: string;
      /** The envelope, as it was on the queue. */
      readonly data: unknown;
      readonly taskId: string;
      readonly attempt: number;
      readonly start: number;
      /** How many attempts there are: decides what is the last failure. */
      readonly maxAttempts: number;
    }
  | { readonly type: 'abort'; readonly failure: RemoteFailure };

/** What the process tells its worker. */
export type FromChild =
  | { readonly type: 'ready' }
  | { readonly type: 'progress'; readonly done: number; readonly total?: number; readonly message?: string }
  | { readonly type: 'log'; readonly message: string; readonly fields?: Record<string, unknown> }
  | { readonly type: 'heartbeat' }
  | { readonly type: 'succeeded'; readonly result: unknown; readonly costs: Partial<WorkCosts> }
  | { readonly type: 'failed'; readonly failure: RemoteFailure; readonly costs: Partial<WorkCosts> };

export interface RemoteFailure extends TaskFailure {
  readonly retryable: boolean;
}
