/** The first two are about tasks, the last about dead letters. */
export const BULK_ACTIONS = ['revoke', 'retry', 'replay'] as const;
export type BulkAction = (typeof BULK_ACTIONS)[number];

export const BULK_STATES = ['running', 'done', 'failed', 'interrupted'] as const;

/** One operation on many tasks or dead letters, and how far it is. */
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
  /** Those to be looked at, as counted at the beginning; `atLeast`: there may be more. */
  readonly total: number;
  readonly atLeast: boolean;
  /** Those that it acted on. */
  done: number;
  /** Those that had got into another state meanwhile, or had been acted on by somebody else. */
  skipped: number;
  /** Those whose turn failed, the first ten of them with the reason. */
  failed: number;
  readonly failures: { id: string; error: string }[];
  /** Whether it ended with as many as one operation may act on, and others are left. */
  limited: boolean;
  error: string | null;
}

export const MAX_FAILURES_TOLD = 10;
