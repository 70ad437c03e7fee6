import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { defineTask, Task, type TaskContext, type TaskHandler } from '../../platform/queues/index.js';
import { Crawler } from './crawling/crawler.js';
import { RunProgress } from './runs/run-progress.js';
import type { RunStats } from './runs/run-stats.js';
import { RunTakenOverError } from './runs/run.errors.js';

const payload = z.object({ runId: z.uuid() });

export const scrapeRun = defineTask({
  name: 'scrape.run',
  queue: 'default',
  version: 1,
  schema: payload,
  attempts: 3,
  backoff: { baseMs: 1000, maxMs: 16_000 },
  deadlineMs: 3_600_000,
});

/** One task per run, so that a run enqueued twice is still worked on once. */
export const taskIdOf = (runId: string): string => `run-${runId}`;

@Injectable()
@Task(scrapeRun)
export class ScrapeRunTask implements TaskHandler<z.output<typeof payload>> {
  constructor(
    private readonly crawler: Crawler,
    private readonly progress: RunProgress,
  ) {}

  async handle({ runId }: z.output<typeof payload>, context: TaskContext): Promise<RunStats | 'not wanted'> {
    const run = await this.progress.begin(runId);
    if (!run) return 'not wanted';
    try {
      const stats = await this.crawler.crawl(run, context.signal);
      // A site that answers and yields nothing has changed, or is not the site: that must not look like success.
      if (stats.item_scraped_count > 0) await this.progress.finish(run, 'succeeded', 'finished', null);
      else
        await this.progress.finish(
          run,
          'failed',
          'suspicious',
          'The site answered, but no page had any item.',
        );
      return stats;
    } catch (error) {
      // Whoever took the run over reports on it; here there is nothing left to say.
      if (error instanceof RunTakenOverError) return 'not wanted';
      if (context.isFinal(error)) await this.progress.abandon(run, error);
      throw error;
    }
  }
}
