import { Injectable, Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { correlate } from '../../../core/correlation/index.js';
import { TaskQueue } from '../../../platform/queues/index.js';
import { Periodic, type PeriodicWork } from '../../../platform/scheduling/index.js';
import { scrapeRun } from '../scrape-run.task.js';
import { RunProgress } from './run-progress.js';
import type { Run } from './run.entity.js';
import { taskIdOf } from './run-task-id.js';

/** Younger runs may simply be between their row and their task. */
const QUIET_FOR = '1 minute';

type QuietRun = Pick<Run, 'id' | 'attempt' | 'correlationId'>;

/**
 * Brings runs and the tasks that begin them together again after a crash or a lost Redis, so that no run stays pending
 * for ever (and forbids the next one). A run without a task gets its task again; a run whose task has ended is ended.
 * A run that has begun needs no task: whatever happens, its frontier says what is left to do.
 */
@Injectable()
@Periodic({ name: 'rescue-runs', everyMs: 30_000 })
export class RunRescuer implements PeriodicWork {
  private readonly logger = new Logger(RunRescuer.name);

  constructor(
    private readonly dataSource: DataSource,
    private readonly tasks: TaskQueue,
    private readonly progress: RunProgress,
  ) {}

  async runOnce(): Promise<void> {
    const quiet: QuietRun[] = await this.dataSource.query(
      `SELECT id, attempt, correlation_id AS "correlationId" FROM run
       WHERE status = 'pending' AND updated_at < now() - $1::interval LIMIT 100`,
      [QUIET_FOR],
    );
    for (const run of quiet) {
      const cause = { correlationId: run.correlationId ?? taskIdOf(run.id), runId: run.id };
      await correlate(cause, () => this.rescue(run));
    }
  }

  private async rescue(run: QuietRun): Promise<void> {
    const runId = run.id;
    const state = await this.tasks.stateOf(scrapeRun, taskIdOf(runId));
    if (state === 'missing') {
      this.logger.warn('run had no task; enqueueing it again');
      await this.tasks.enqueue(scrapeRun, { runId }, { id: taskIdOf(runId) });
    } else if (state === 'ended') {
      this.logger.warn('the task of a run ended without beginning it; ending the run');
      await this.progress.abandon(run, new Error('The task of this run ended without beginning the run.'));
    }
  }
}
