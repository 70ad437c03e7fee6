import type { EntityManager } from 'typeorm';
import { emptyStats } from './run-stats.js';
import type { RunTrigger } from './run.entity.js';

/** @returns whether there is such a run now: not while another one of the source is under way. */
export async function insertRun(
  manager: EntityManager,
  id: string,
  sourceId: number,
  trigger: RunTrigger,
): Promise<boolean> {
  const inserted: unknown[] = await manager.query(
    `INSERT INTO run (id, source_id, trigger, status, stats, failures) VALUES ($1, $2, $3, 'pending', $4, '[]')
     ON CONFLICT (source_id) WHERE status IN ('pending', 'running') DO NOTHING RETURNING 1`,
    [id, sourceId, trigger, emptyStats()],
  );
  return inserted.length > 0;
}

/** The run of a source that is under way. */
export async function activeRunOf(manager: EntityManager, sourceId: number): Promise<string | undefined> {
  const [active] = await manager.query<[{ id: string } | undefined]>(
    `SELECT id FROM run WHERE source_id = $1 AND status IN ('pending', 'running')`,
    [sourceId],
  );
  return active?.id;
}
