import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { defineTask, Task, type TaskContext, type TaskHandler } from '../../platform/queues/index.js';
import { CrawlEngine } from './crawling/crawl-engine.js';
import { RunSeeder } from './crawling/run-seeder.js';
import { RunProgress } from './runs/run-progress.js';

const payload = z.object({ runId: z.uuid() });

/** Begins a run. What follows is driven by its frontier, by all workers together: see CrawlEngine. */
export const scrapeRun = defineTask({
  name: 'scrape.run',
  queue: 'default',
  version: 1,
  schema: payload,
  attempts: 3,
  backoff: { baseMs: 1000, maxMs: 16_000 },
  deadlineMs: 60_000,
});

@Injectable()
@Task(scrapeRun)
export class ScrapeRunTask implements TaskHandler<z.output<typeof payload>> {
  constructor(
    private readonly seeder: RunSeeder,
    private readonly engine: CrawlEngine,
    private readonly progress: RunProgress,
  ) {}

  async handle({ runId }: z.output<typeof payload>, context: TaskContext): Promise<void> {
    try {
      await this.seeder.begin(runId);
    } catch (error) {
      if (context.isFinal(error)) await this.progress.abandon({ id: runId, attempt: 0 }, error);
      throw error;
    }
    this.engine.look();
  }
}
