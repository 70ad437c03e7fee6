import type { Change } from '../../changes/index.js';

/** What followers hear of a task `t`: no arguments, no result, and of what may be long only as much as a line shows. */
export const CHANGED = `
  t.id, t.name, t.queue, t.state, t.seq AS revision, t.attempt, t.starts, t.worker, t.error_class AS "errorClass",
  left(t.error_message, 200) AS "errorMessage", t.root_id AS "rootId",
  CASE WHEN t.finished_at IS NULL AND length(t.progress::text) <= 500 THEN t.progress END AS progress,
  t.enqueued_at AS "enqueuedAt", t.eta, t.started_at AS "startedAt", t.finished_at AS "finishedAt", t.runtime_ms AS "runtimeMs"`;

export type ChangedRow = { readonly id: string } & Readonly<Record<string, unknown>>;

/** A row as it is told; what is not there is left out. */
export function changeOfTask(row: ChangedRow): Change {
  const facts = Object.entries(row).filter(([, value]) => value !== null);
  return { kind: 'task', ...(Object.fromEntries(facts) as ChangedRow) };
}
