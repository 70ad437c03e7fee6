import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Periodic, type PeriodicWork } from '../../../platform/scheduling/index.js';
import { type ScrapingConfig, scrapingConfig } from '../scraping.config.js';

/** Rows of one statement: nobody should have to wait for a lock on millions. */
const BATCH = 10_000;

/**
 * Forgets what only served runs that ended long ago: their frontiers, without which they cannot be resumed any more,
 * and pages that no run has met for as long as is kept. Runs themselves stay.
 */
@Injectable()
@Periodic({ name: 'trim-frontiers', everyMs: 3_600_000 })
export class RunTrimmer implements PeriodicWork {
  constructor(
    private readonly dataSource: DataSource,
    @Inject(scrapingConfig.token) private readonly config: Pick<ScrapingConfig, 'frontierDays' | 'pageDays'>,
  ) {}

  async runOnce(): Promise<void> {
    await this.deleteAll(
      `DELETE FROM run_request WHERE ctid = ANY(ARRAY(
         SELECT q.ctid FROM run r CROSS JOIN LATERAL (
           SELECT ctid FROM run_request WHERE run_id = r.id LIMIT ${BATCH}
         ) AS q WHERE r.finished_at < now() - $1 * interval '1 day' LIMIT ${BATCH}))`,
      this.config.frontierDays,
    );
    await this.deleteAll(
      `DELETE FROM page WHERE ctid = ANY(ARRAY(
         SELECT ctid FROM page WHERE seen_on < current_date - $1::int LIMIT ${BATCH}))`,
      this.config.pageDays,
    );
  }

  private async deleteAll(statement: string, days: number): Promise<void> {
    let deleted = BATCH;
    while (deleted === BATCH) {
      [, deleted] = await this.dataSource.query<[unknown, number]>(statement, [days]);
    }
  }
}
