export const BULK_ACTIONS = ['revoke', 'retry'] as const;
export type BulkAction = (typeof BULK_ACTIONS)[number];

export const BULK_STATES = ['running', 'done', 'failed', 'interrupted'] as const;

/** One operation on many tasks, and how far it is. */
export interface BulkOperation {
  readonly id: string;
  readonly action: BulkAction;
  /** As it was understood; null when ids were given. */
  readonly query: string | null;
  /** Id of the key that asked for it. */
  readonly keyId: string;
  readonly startedAt: string;
  finishedAt: string | null;
  /**
   * `failed`: given up because of `error`; `interrupted`: its process has shut down or died. What was done is done, and
   * asking again does the rest.
   */
  state: (typeof BULK_STATES)[number];
  /** Tasks to be looked at, as counted at the beginning; `atLeast`: there may be more. */
  readonly total: number;
  readonly atLeast: boolean;
  /** Tasks that it acted on. */
  done: number;
  /** Tasks that had got into another state meanwhile. */
  skipped: number;
  /** Tasks whose turn failed, the first ten of them with the reason. */
  failed: number;
  readonly failures: { id: string; error: string }[];
  /** Whether it ended with as many tasks as one operation may change, and others are left. */
  limited: boolean;
  error: string | null;
}

export const MAX_FAILURES_TOLD = 10;
