import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { Transactions } from '../../../core/database/index.js';
import { messageOf } from '../../../core/errors/index.js';
import type { RunStats } from './run-stats.js';
import { type FinishReason, type PageFailure, Run, type RunStatus } from './run.entity.js';
import { RunTakenOverError } from './run.errors.js';

const MAX_FAILURES = 100;

/**
 * A run's row while a worker is at it.
 *
 * pending → running → succeeded | failed. Every attempt raises `attempt`, and writes only while the row still has its
 * number: a worker that was frozen and wakes up after another took the run over cannot write any more.
 */
@Injectable()
export class RunProgress {
  constructor(
    private readonly dataSource: DataSource,
    private readonly transactions: Transactions,
  ) {}

  /** Begins an attempt. `undefined` when the run does not exist or has ended, so that nothing is left to do. */
  async begin(runId: string): Promise<Run | undefined> {
    const result = await this.dataSource
      .createQueryBuilder()
      .update(Run)
      .set({
        status: 'running',
        attempt: () => 'attempt + 1',
        startedAt: () => 'coalesce(started_at, now())',
      })
      .where(`id = :runId AND status IN ('pending', 'running')`, { runId })
      .execute();
    if (result.affected === 0) return undefined;
    return this.dataSource.getRepository(Run).findOneByOrFail({ id: runId });
  }

  /**
   * One transaction for the items of a batch and the stats that count them.
   * @param store stores the items and returns the stats so far; called again when the transaction has to be repeated.
   * @throws RunTakenOverError, and then nothing is stored.
   */
  async commit(
    run: Run,
    failures: readonly PageFailure[],
    store: (manager: EntityManager) => Promise<RunStats>,
  ): Promise<void> {
    await this.transactions.run(async (manager) => {
      // The run's row is locked first, so that of two attempts one waits here and then finds itself taken over.
      await this.claim(manager, run);
      const stats = await store(manager);
      await manager.query(
        `UPDATE run SET stats = $2, updated_at = now(),
           failures = jsonb_path_query_array(failures || $3::jsonb, '$[0 to ${MAX_FAILURES - 1}]')
         WHERE id = $1`,
        [run.id, stats, JSON.stringify(failures.slice(0, MAX_FAILURES))],
      );
    });
  }

  /** Ends the run because there is nothing more to do. */
  async finish(run: Run, status: RunStatus, finishReason: FinishReason, error: string | null): Promise<void> {
    await this.transactions.run(async (manager) => {
      await this.claim(manager, run);
      await manager.update(Run, { id: run.id }, { status, finishReason, error, finishedAt: () => 'now()' });
    });
  }

  /** Ends a run that cannot go on; does nothing when it has ended or another attempt has begun. */
  async abandon({ id, attempt }: Pick<Run, 'id' | 'attempt'>, error: unknown): Promise<void> {
    await this.dataSource
      .createQueryBuilder()
      .update(Run)
      .set({
        status: 'failed',
        finishReason: 'error',
        error: messageOf(error).slice(0, 2000),
        finishedAt: () => 'now()',
      })
      .where(`id = :id AND attempt = :attempt AND status IN ('pending', 'running')`, { id, attempt })
      .execute();
  }

  private async claim(manager: EntityManager, { id, attempt }: Run): Promise<void> {
    const rows: unknown[] = await manager.query(
      `SELECT 1 FROM run WHERE id = $1 AND attempt = $2 AND status = 'running' FOR UPDATE`,
      [id, attempt],
    );
    if (rows.length === 0) throw new RunTakenOverError(id);
  }
}
