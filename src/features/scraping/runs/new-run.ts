import type { EntityManager } from 'typeorm';
import { correlation } from '../../../core/correlation/index.js';
import { emptyStats } from './run-stats.js';
import type { RunTrigger } from './run.entity.js';
import { taskIdOf } from './run-task-id.js';

/** @returns the run of the source that is under way, and in the way of this one; `undefined`: this one is there. */
export async function insertRun(
  manager: EntityManager,
  id: string,
  sourceId: number,
  trigger: RunTrigger,
): Promise<string | undefined> {
  // Between the refused insert and the look for the run in its way that run can end: then there is room again.
  for (;;) {
    const inserted: unknown[] = await manager.query(
      `INSERT INTO run (id, source_id, trigger, status, stats, failures, correlation_id)
       VALUES ($1, $2, $3, 'pending', $4, '[]', $5)
       ON CONFLICT (source_id) WHERE status IN ('pending', 'running') DO NOTHING RETURNING 1`,
      [id, sourceId, trigger, emptyStats(), correlation()?.correlationId ?? taskIdOf(id)],
    );
    if (inserted.length > 0) return undefined;
    const [active] = await manager.query<[{ id: string } | undefined]>(
      `SELECT id FROM run WHERE source_id = $1 AND status IN ('pending', 'running')`,
      [sourceId],
    );
    if (active) return active.id;
  }
}
