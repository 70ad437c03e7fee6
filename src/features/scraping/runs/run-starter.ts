import { Injectable, Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { Transactions } from '../../../core/database/index.js';
import { TaskQueue } from '../../../platform/queues/index.js';
import type { Source } from '../../sources/index.js';
import { scrapeRun } from '../scrape-run.task.js';
import { insertRun } from './new-run.js';
import { RunAlreadyActiveError, SourceDisabledError } from './run.errors.js';
import { taskIdOf } from './run-task-id.js';

@Injectable()
export class RunStarter {
  private readonly logger = new Logger(RunStarter.name);

  constructor(
    private readonly transactions: Transactions,
    private readonly tasks: TaskQueue,
  ) {}

  /**
   * Creates a run and, in the same transaction, the task that begins it. While Redis is away it stays pending.
   * @returns the id of the run.
   * @throws SourceDisabledError; RunAlreadyActiveError; QueueUnavailableError, and then there is no run.
   */
  async start(source: Source): Promise<string> {
    if (!source.enabled) throw new SourceDisabledError(source.slug);
    const { id: sourceId, slug } = source;
    const runId = randomUUID();
    await this.transactions.run(async (manager) => {
      const active = await insertRun(manager, runId, sourceId, 'api');
      if (active !== undefined) throw new RunAlreadyActiveError(slug, active);
      await this.tasks.enqueue(scrapeRun, { runId }, { id: taskIdOf(runId), within: manager });
    });
    this.logger.log({ runId, source: slug }, 'run started');
    return runId;
  }
}
