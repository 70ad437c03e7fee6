import { Injectable, Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { DataSource } from 'typeorm';
import { TaskQueue } from '../../../platform/queues/index.js';
import type { Source } from '../../sources/index.js';
import { scrapeRun, taskIdOf } from '../scrape-run.task.js';
import { insertRun } from './new-run.js';
import { RunProgress } from './run-progress.js';
import { RunAlreadyActiveError, SourceDisabledError } from './run.errors.js';

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
   * @throws SourceDisabledError; RunAlreadyActiveError; QueueUnavailableError, and then the run has failed and another can be started.
   */
  async start(source: Source): Promise<string> {
    if (!source.enabled) throw new SourceDisabledError(source.slug);
    const runId = await this.create(source);
    try {
      await this.tasks.enqueue(scrapeRun, { runId }, taskIdOf(runId));
    } catch (error) {
      // Should the task arrive after all, it finds the run ended and does nothing.
      await this.progress.abandon({ id: runId, attempt: 0 }, error);
      throw error;
    }
    this.logger.log({ runId, source: source.slug }, 'run started');
    return runId;
  }

  private async create({ id: sourceId, slug }: Source): Promise<string> {
    const runId = randomUUID();
    const active = await insertRun(this.dataSource.manager, runId, sourceId, 'api');
    if (active !== undefined) throw new RunAlreadyActiveError(slug, active);
    return runId;
  }
}
