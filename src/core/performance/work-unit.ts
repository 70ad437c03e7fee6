import { AsyncLocalStorage } from 'node:async_hooks';

/** What kind of work it is; label of metrics. */
export const WORK_KINDS = ['request', 'task', 'batch', 'periodic'] as const;
export type WorkKind = (typeof WORK_KINDS)[number];

/** What a unit has cost so far. Of things that overlap, the seconds are the sum. */
export interface WorkCosts {
  queries: number;
  /** Seconds until PostgreSQL has answered. */
  querySeconds: number;
  /** Reads that the cache could answer, and those that had to be fetched. */
  cacheHits: number;
  cacheMisses: number;
  /** Requests to other people's servers, and the seconds that they took. */
  fetches: number;
  fetchSeconds: number;
}

/** One piece of work, and what it has cost so far. */
export class WorkUnit implements WorkCosts {
  queries = 0;
  querySeconds = 0;
  cacheHits = 0;
  cacheMisses = 0;
  fetches = 0;
  fetchSeconds = 0;
  /** Of a request that is answered by a stream: how long it took until the stream began. */
  streamsAfterMs: number | undefined = undefined;

  constructor(
    readonly kind: WorkKind,
    /** Route template, or name of the task: a bounded set, for it becomes a label. */
    readonly name: string,
    /** Of the request or the task, by which the log and the history know it. */
    readonly id: string | undefined,
  ) {}
}

const storage = new AsyncLocalStorage<WorkUnit>();

/** The unit that the caller is part of; `undefined` while booting, say. */
export const currentWorkUnit = (): WorkUnit | undefined => storage.getStore();

/** Calls `work`, and counts for `unit` what it and everything that it awaits costs. */
export const inWorkUnit = <T>(unit: WorkUnit, work: () => T): T => storage.run(unit, work);
