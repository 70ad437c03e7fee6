import type { WorkCosts } from './work-unit.js';

/** A request or a task that takes longer is told of at level warn. */
export const SLOW_MS = 1000;

/** The costs as a line of the log tells them: what is 0 is left out, and seconds have three decimals. */
export function costsOf(work: WorkCosts | undefined | null): Partial<WorkCosts> {
  if (!work) return {};
  const { queries, querySeconds, cacheHits, cacheMisses, fetches, fetchSeconds } = work;
  return {
    ...(queries > 0 && { queries, querySeconds: rounded(querySeconds) }),
    ...(cacheHits > 0 && { cacheHits }),
    ...(cacheMisses > 0 && { cacheMisses }),
    ...(fetches > 0 && { fetches, fetchSeconds: rounded(fetchSeconds) }),
  };
}

/** Counts for `unit` what another process has done for it. */
export function addCosts(unit: WorkCosts, costs: Partial<WorkCosts>): void {
  for (const [name, cost] of Object.entries(costs) as [keyof WorkCosts, number][]) unit[name] += cost;
}

const rounded = (seconds: number): number => Math.round(seconds * 1000) / 1000;
