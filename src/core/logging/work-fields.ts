import type { WorkUnit } from '../database/index.js';

/** What the line of a request or a task says of the work that it was; nothing when it asked nobody anything. */
export function workFields(unit: WorkUnit | null | undefined): object {
  if (!unit || unit.queries === 0) return {};
  return { queries: unit.queries, querySeconds: Math.round(unit.seconds * 1000) / 1000 };
}
