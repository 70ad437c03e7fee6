import { isPassing, messageOf } from '../../../core/errors/index.js';
import type { BulkAction } from './bulk-operation.js';

export interface BatchOutcome {
  done: number;
  skipped: number;
  failures: { id: string; error: string }[];
  /** What has to be done later, because something fails in passing. */
  left: readonly string[];
}

/** Tries again, with patience, what fails in passing. */
export type Trying = <T>(work: () => Promise<T>) => Promise<T>;

/** What a bulk operation does, and to what. */
export interface BulkWork {
  readonly action: BulkAction;
  /** To what, as it was understood; null when ids were given. */
  readonly query: string | null;
  /** To how many it would be done now. */
  count(): Promise<{ count: number; atLeast: boolean }>;
  /** Ids, at most a few hundred at a time. */
  batches(trying: Trying): AsyncIterable<readonly string[]>;
  /**
   * Does it to a batch; doing it again to the same does nothing more.
   * @throws what makes the whole batch fail and may pass.
   */
  apply(ids: readonly string[], operationId: string, signal: AbortSignal): Promise<BatchOutcome>;
}

/**
 * Acts on one after another, until one fails in passing: what was done by then counts, and the others are left.
 * @param act says whether there was anything to do. @param signal ends it in the same way.
 * @throws what the first one fails with, if it is passing.
 */
export async function oneByOne<T extends { readonly id: string }>(
  items: readonly T[],
  act: (item: T) => Promise<boolean>,
  signal?: AbortSignal,
): Promise<BatchOutcome> {
  const outcome: BatchOutcome = { done: 0, skipped: 0, failures: [], left: [] };
  for (const [at, item] of items.entries()) {
    const rest = (): string[] => items.slice(at).map(({ id }) => id);
    if (signal?.aborted) return { ...outcome, left: rest() };
    try {
      if (await act(item)) outcome.done++;
      else outcome.skipped++;
    } catch (error) {
      if (isPassing(error)) {
        if (at === 0) throw error;
        return { ...outcome, left: rest() };
      }
      outcome.failures.push({ id: item.id, error: messageOf(error).slice(0, 500) });
    }
  }
  return outcome;
}
