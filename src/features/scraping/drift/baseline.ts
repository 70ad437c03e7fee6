import type { EntityManager } from 'typeorm';
import type { RunYield } from './drift.js';

/** Runs that a new one is compared with. */
const RUNS = 10;

/** What the last runs of a source yielded that saw everything: those that were stopped say nothing of the site. */
export async function baselineOf(manager: EntityManager, sourceId: number): Promise<RunYield[]> {
  return manager.query(
    `SELECT stats, fields FROM run
     WHERE source_id = $1 AND status IN ('succeeded', 'failed') AND finish_reason IN ('finished', 'suspicious')
       AND (stats->>'item_scraped_count')::bigint > 0
     ORDER BY created_at DESC, id DESC LIMIT ${RUNS}`,
    [sourceId],
  );
}
