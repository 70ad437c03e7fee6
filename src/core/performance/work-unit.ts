import { AsyncLocalStorage } from 'node:async_hooks';

/** What kind of work asks the database; label of metrics. */
export const WORK_KINDS = ['request', 'task', 'batch', 'periodic'] as const;
export type WorkKind = (typeof WORK_KINDS)[number];

/** One piece of work, and what it has asked of the database so far. */
export interface WorkUnit {
  readonly kind: WorkKind;
  /** Route template, or name of the task: a bounded set, for it becomes a label. */
  readonly name: string;
  queries: number;
  /** Seconds until the answers came; of queries that overlap, the sum. */
  seconds: number;
}

const storage = new AsyncLocalStorage<WorkUnit>();

/** The unit that the caller is part of; `undefined` while booting, say. */
export const currentWorkUnit = (): WorkUnit | undefined => storage.getStore();

/** Calls `work`, and counts for `unit` what it and everything that it awaits asks. */
export const inWorkUnit = <T>(unit: WorkUnit, work: () => T): T => storage.run(unit, work);
