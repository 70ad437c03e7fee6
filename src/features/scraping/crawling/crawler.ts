import { Inject, Injectable } from '@nestjs/common';
import { WorkUnits } from '../../../core/database/index.js';
import { SourceService } from '../../sources/index.js';
import { HttpFetcher } from '../fetching/http-fetcher.js';
import { RunProgress } from '../runs/run-progress.js';
import type { RunStats } from '../runs/run-stats.js';
import type { Run } from '../runs/run.entity.js';
import { type ScrapingConfig, scrapingConfig } from '../scraping.config.js';
import { Crawl } from './crawl.js';
import { SpiderRegistry } from './spider-registry.js';

/** Crawls the source of a run and commits what it finds, batch by batch. */
@Injectable()
export class Crawler {
  constructor(
    private readonly sources: SourceService,
    private readonly spiders: SpiderRegistry,
    private readonly fetcher: HttpFetcher,
    private readonly progress: RunProgress,
    private readonly units: WorkUnits,
    @Inject(scrapingConfig.token) private readonly config: ScrapingConfig,
  ) {}

  async crawl(run: Run, signal: AbortSignal): Promise<RunStats> {
    const source = await this.sources.byId(run.sourceId);
    const spider = this.spiders.get(source.spider);
    const { retries, retryBaseMs } = this.config;
    const crawl = new Crawl(
      spider,
      { source, ...source.politeness, retries, retryBaseMs },
      {
        fetch: (url, stop) => this.fetcher.fetch(url, stop),
        commit: async (items, account, failures) => {
          // A unit of its own: a run has as many batches as the site has pages for, each has to be cheap.
          await this.units.run('batch', source.spider, () =>
            this.progress.commit(run, failures, async (manager) => {
              const stored = await spider.pipeline.store(
                items,
                { sourceId: source.id, runId: run.id },
                manager,
              );
              return account(stored);
            }),
          );
          if (items.length > 0) await spider.pipeline.committed();
        },
      },
      run.stats,
    );
    return crawl.run(signal);
  }
}
