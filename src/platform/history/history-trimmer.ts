import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { WorkUnits } from '../../core/performance/index.js';
import { Periodic, type PeriodicWork } from '../scheduling/index.js';
import { type HistoryConfig, historyConfig } from './history.config.js';

/** Rows of one statement: few enough that it neither runs long nor locks much. */
const BATCH = 5000;

/**
 * A task is deleted by when it ended, and found by when it was enqueued, which was before: for that there is an index
 * already, and another one would be paid for with every task.
 */
const TRIM_TASKS = `
WITH old AS MATERIALIZED (
  SELECT id FROM task
  WHERE state = $1 AND enqueued_at < now() - make_interval(days => $2) AND finished_at < now() - make_interval(days => $2)
  ORDER BY enqueued_at LIMIT $3 FOR UPDATE SKIP LOCKED
), attempts AS (
  DELETE FROM task_attempt WHERE task_id IN (SELECT id FROM old)
)
DELETE FROM task WHERE id IN (SELECT id FROM old)`;

const TRIM_DEAD_LETTERS = `
DELETE FROM dead_letter WHERE task_id IN (
  SELECT task_id FROM dead_letter WHERE failed_at < now() - make_interval(days => $1)
  ORDER BY failed_at LIMIT $2 FOR UPDATE SKIP LOCKED)`;

/** Deletes what is older than it has to be kept. Safe when several schedulers do it at once. */
@Injectable()
@Periodic({ name: 'trim-task-history', everyMs: 600_000 })
export class HistoryTrimmer implements PeriodicWork {
  constructor(
    private readonly dataSource: DataSource,
    private readonly units: WorkUnits,
    @Inject(historyConfig.token) private readonly config: HistoryConfig,
  ) {}

  async runOnce(): Promise<void> {
    const { taskRetentionDays, failedRetentionDays, deadLetterRetentionDays } = this.config;
    for (const state of ['succeeded', 'expired', 'revoked'])
      await this.deleteAll(TRIM_TASKS, state, taskRetentionDays);
    await this.deleteAll(TRIM_TASKS, 'failed', failedRetentionDays);
    await this.deleteAll(TRIM_DEAD_LETTERS, deadLetterRetentionDays);
  }

  private async deleteAll(sql: string, ...parameters: unknown[]): Promise<void> {
    let deleted: number;
    do {
      const [, count]: [unknown, number] = await this.units.run('batch', 'trim-task-history', () =>
        this.dataSource.query(sql, [...parameters, BATCH]),
      );
      deleted = count;
    } while (deleted === BATCH);
  }
}
