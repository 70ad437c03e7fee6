import { Injectable, Logger } from '@nestjs/common';
import { type EntityManager, QueryFailedError } from 'typeorm';
import { Transactions } from '../../../core/database/index.js';
import { NotFoundError } from '../../../core/errors/index.js';
import { crawlLimitsSchema } from '../../sources/index.js';
import { writeEnding } from './run-ender.js';
import { CANCELLED } from './run-ending.js';
import { RunEvents } from './run-events.js';
import {
  NothingToResumeError,
  RunAlreadyActiveError,
  RunNotActiveError,
  RunStillActiveError,
} from './run.errors.js';
import type { Run } from './run.entity.js';

/** What people do to runs. */
@Injectable()
export class RunControl {
  private readonly logger = new Logger(RunControl.name);

  constructor(
    private readonly transactions: Transactions,
    private readonly events: RunEvents,
  ) {}

  /**
   * Ends a run where it is. What has been committed stays; workers see within half a second that it is over, and what
   * they are fetching is dropped.
   * @throws NotFoundError; RunNotActiveError when it has ended already.
   */
  async cancel(runId: string): Promise<void> {
    const sourceId = await this.transactions.run(async (manager) => {
      const run = await lock(manager, runId);
      if (run.status !== 'pending' && run.status !== 'running')
        throw new RunNotActiveError(runId, run.status);
      await writeEnding(manager, runId, CANCELLED);
      return run.sourceId;
    });
    await this.events.ended(runId, sourceId, CANCELLED);
  }

  /**
   * Lets a run that was stopped or failed go on from its frontier. What failed in passing is tried again.
   * @throws NotFoundError; RunStillActiveError; RunAlreadyActiveError when the source has another run under way;
   *   NothingToResumeError when every page was fetched, or as many as the source allows.
   */
  async resume(runId: string): Promise<void> {
    const reopened = await this.transactions.run(async (manager) => {
      const run = await lock(manager, runId);
      if (run.status === 'pending' || run.status === 'running') throw new RunStillActiveError(runId);
      await manager.query(REOPEN, [runId]);
      const [{ open }] = await manager.query<[{ open: number }]>(COUNT_OPEN, [runId]);
      const { maxPages } = crawlLimitsSchema.parse(run.limits);
      const pagesLeft = maxPages - run.stats['downloader/response_count'];
      if (open === 0 || pagesLeft <= 0) throw new NothingToResumeError(runId, open, maxPages);
      await setRunning(manager, run, open, pagesLeft);
      return open;
    });
    this.logger.log({ runId, requests: reopened }, 'run resumed');
  }
}

type LockedRun = Pick<Run, 'id' | 'sourceId' | 'status' | 'stats'> & { limits: object; source: string };

/** @throws NotFoundError */
async function lock(manager: EntityManager, runId: string): Promise<LockedRun> {
  const [run] = await manager.query<[LockedRun | undefined]>(
    `SELECT r.id, r.source_id AS "sourceId", r.status, r.stats, s.limits, s.slug AS source
     FROM run r JOIN source s ON s.id = r.source_id WHERE r.id = $1 FOR NO KEY UPDATE OF r`,
    [runId],
  );
  if (!run) throw new NotFoundError('run', runId);
  return run;
}

/** What had failed for good without being tried again would fail in the same way. */
const REOPEN = `
UPDATE run_request SET state = 'pending', tries = 0, not_before = NULL, lease_token = NULL, leased_until = NULL,
  error_code = NULL, error = NULL
WHERE run_id = $1 AND (state = 'leased' OR (state IN ('pending', 'failed') AND tries > 0))`;

const COUNT_OPEN = `SELECT count(*)::int AS open FROM run_request WHERE run_id = $1 AND state = 'pending'`;

async function setRunning(
  manager: EntityManager,
  { id, source }: LockedRun,
  open: number,
  pagesLeft: number,
): Promise<void> {
  try {
    await manager.query(
      `UPDATE run SET status = 'running', attempt = attempt + 1, open_requests = $2, pages_left = $3,
         finish_reason = NULL, error = NULL, suspicions = '[]', finished_at = NULL, active_since = now(),
         started_at = coalesce(started_at, now()), updated_at = now()
       WHERE id = $1`,
      [id, open, pagesLeft],
    );
  } catch (error) {
    if (isSecondActiveRun(error)) throw new RunAlreadyActiveError(source, undefined);
    throw error;
  }
}

const isSecondActiveRun = (error: unknown): boolean =>
  error instanceof QueryFailedError &&
  'constraint' in error.driverError &&
  error.driverError.constraint === 'uq_run_source_id_active';
