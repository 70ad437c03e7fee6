import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { Transactions } from '../../../core/database/index.js';
import { messageOf } from '../../../core/errors/index.js';
import type { CrawlLimits } from '../../sources/index.js';
import { Frontier, type NewRequest, type RunKey } from '../frontier/frontier.js';
import { RunEnder, writeEnding } from './run-ender.js';
import type { Ending } from './run-ending.js';
import { RunEvents } from './run-events.js';
import type { PostponeReason, Run } from './run.entity.js';

/**
 * The way of a run beside its batches (those are RunCommit's).
 *
 * pending → running → succeeded | failed | cancelled, and from the last two back to running when it is resumed. To
 * begin and to resume raises `attempt`; whoever writes for an attempt writes only while the row has its number.
 */
@Injectable()
export class RunProgress {
  constructor(
    private readonly dataSource: DataSource,
    private readonly transactions: Transactions,
    private readonly frontier: Frontier,
    private readonly ender: RunEnder,
    private readonly events: RunEvents,
  ) {}

  /**
   * Puts the first requests into the frontier: from here on workers take part. Does nothing when the run has begun
   * already, so it may be called again.
   */
  async begin(runId: string, limits: CrawlLimits, requests: readonly NewRequest[]): Promise<void> {
    await this.transactions.run(async (manager) => {
      const rows: unknown[] = await manager.query(
        `SELECT 1 FROM run WHERE id = $1 AND status = 'pending' FOR UPDATE`,
        [runId],
      );
      if (rows.length === 0) return;
      const added = await this.frontier.add(manager, runId, requests);
      await manager.query(
        `UPDATE run SET status = 'running', attempt = attempt + 1, open_requests = $2, pages_left = $3,
           stats = add_counts(stats, jsonb_build_object('scheduler/enqueued', $2::int)),
           started_at = coalesce(started_at, now()), active_since = now(), updated_at = now()
         WHERE id = $1`,
        [runId, added.length, limits.maxPages],
      );
    });
  }

  /** Ends a run whose time is over; does nothing when it is not running any more. */
  async expire(run: RunKey): Promise<void> {
    const ended = await this.transactions.run(async (manager) => {
      const row = await lockRunning(manager, run);
      if (!row) return undefined;
      const reason = row.postponedReason === 'circuit_open' ? 'circuit_open' : 'closespider_timeout';
      return { ending: await this.ender.end(manager, row, reason), sourceId: row.sourceId };
    });
    if (ended) await this.events.ended(run.id, ended.sourceId, ended.ending);
  }

  /** Says that nothing can be fetched until then. */
  async postpone(run: RunKey, until: Date, reason: PostponeReason): Promise<void> {
    await this.dataSource.query(
      `UPDATE run SET postponed_until = $3, postponed_reason = $4, updated_at = now()
       WHERE id = $1 AND attempt = $2 AND status = 'running'`,
      [run.id, run.attempt, until, reason],
    );
  }

  /** Ends a run that cannot go on; does nothing when it has ended, or another attempt has begun. */
  async abandon({ id, attempt }: RunKey, error: unknown): Promise<void> {
    const message = messageOf(error).slice(0, 2000);
    const ending: Ending = { status: 'failed', finishReason: 'error', suspicions: [], error: message };
    const sourceId = await this.transactions.run(async (manager) => {
      const [row] = await manager.query<[{ sourceId: number } | undefined]>(
        `SELECT source_id AS "sourceId" FROM run
         WHERE id = $1 AND attempt = $2 AND status IN ('pending', 'running') FOR NO KEY UPDATE`,
        [id, attempt],
      );
      if (row) await writeEnding(manager, id, ending);
      return row?.sourceId;
    });
    if (sourceId !== undefined) await this.events.ended(id, sourceId, ending);
  }
}

type RunningRow = Pick<Run, 'id' | 'sourceId' | 'stats' | 'fields' | 'failures' | 'postponedReason'>;

async function lockRunning(manager: EntityManager, run: RunKey): Promise<RunningRow | undefined> {
  const [row] = await manager.query<[RunningRow | undefined]>(
    `SELECT id, source_id AS "sourceId", stats, fields, failures, postponed_reason AS "postponedReason"
     FROM run WHERE id = $1 AND attempt = $2 AND status = 'running' FOR NO KEY UPDATE`,
    [run.id, run.attempt],
  );
  return row;
}
