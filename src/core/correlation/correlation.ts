import { AsyncLocalStorage } from 'node:async_hooks';

/** What everything that one cause sets off has in common, and where in that we are. */
export interface Correlation {
  /** The same for an HTTP request, the tasks that it enqueues, those that they enqueue, and the runs that these begin. */
  readonly correlationId: string;
  /** The HTTP request that began it; absent when nobody asked, e.g. on a schedule. */
  readonly requestId?: string;
  /** The task that runs, by which name, and which attempt it is. */
  readonly taskId?: string;
  readonly task?: string;
  readonly attempt?: number;
  /** The first task of the chain that led to it. */
  readonly rootTaskId?: string;
  /** The run of a source, and that source's slug. */
  readonly runId?: string;
  readonly source?: string;
}

const storage = new AsyncLocalStorage<Correlation>();

/** Runs `work`, and whatever it begins, as part of what `cause` says. */
export function correlate<T>(cause: Correlation, work: () => T): T {
  return storage.run(cause, work);
}

/** What this code runs as part of; `undefined` outside of requests and tasks. */
export function correlation(): Correlation | undefined {
  return storage.getStore();
}

/** An id that comes from outside, if it is fit to be kept, logged and sent on. */
export function fitId(text: unknown): string | undefined {
  return typeof text === 'string' && /^[\w.:-]{1,128}$/.test(text) ? text : undefined;
}
