import { Injectable, Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { DataSource } from 'typeorm';
import { TaskQueue } from '../../../platform/queues/index.js';
import type { Source } from '../../sources/index.js';
import { scrapeRun, taskIdOf } from '../scrape-run.task.js';
import { RunProgress } from './run-progress.js';
import { emptyStats } from './run-stats.js';
import type { RunTrigger } from './run.entity.js';
import { RunAlreadyActiveError } from './run.errors.js';

@Injectable()
export class RunStarter {
  private readonly logger = new Logger(RunStarter.name);

  constructor(
    private readonly dataSource: DataSource,
    private readonly tasks: TaskQueue,
    private readonly progress: RunProgress,
  ) {}

  /**
   * Creates a run and puts its task on the queue.
   * @returns the id of the run.
   * @throws RunAlreadyActiveError; QueueUnavailableError, and then the run has failed and another can be started.
   */
  async start(source: Source, trigger: RunTrigger): Promise<string> {
    const runId = await this.create(source, trigger);
    try {
      await this.tasks.enqueue(scrapeRun, { runId }, taskIdOf(runId));
    } catch (error) {
      // Should the task arrive after all, it finds the run ended and does nothing.
      await this.progress.abandon({ id: runId, attempt: 0 }, error);
      throw error;
    }
    this.logger.log({ runId, source: source.slug, trigger }, 'run started');
    return runId;
  }

  private async create(source: Source, trigger: RunTrigger): Promise<string> {
    // Between the refused insert and the look for the run in its way that run can end: then there is room again.
    for (;;) {
      const inserted: { id: string }[] = await this.dataSource.query(
        `INSERT INTO run (id, source_id, trigger, status, stats, failures) VALUES ($1, $2, $3, 'pending', $4, '[]')
         ON CONFLICT (source_id) WHERE status IN ('pending', 'running') DO NOTHING RETURNING id`,
        [randomUUID(), source.id, trigger, emptyStats()],
      );
      if (inserted[0]) return inserted[0].id;
      const active: { id: string }[] = await this.dataSource.query(
        `SELECT id FROM run WHERE source_id = $1 AND status IN ('pending', 'running')`,
        [source.id],
      );
      if (active[0]) throw new RunAlreadyActiveError(source.slug, active[0].id);
    }
  }
}
