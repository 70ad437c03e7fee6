import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { GleanerError } from '../../../core/errors/index.js';
import { SourceService } from '../../sources/index.js';
import { RunProgress } from '../runs/run-progress.js';
import { StatCounter } from '../runs/run-stats.js';
import { Run } from '../runs/run.entity.js';
import { sitemapsOf } from './sitemap-reader.js';
import { SourceUrls } from './source-urls.js';
import { SpiderRegistry } from './spider-registry.js';

class NoStartPageError extends GleanerError {
  readonly code = 'run.no_start_page';
  readonly title = 'No start page';

  constructor(source: string) {
    super(`The source "${source}" has no start URL that is a web page of its own hosts.`);
  }
}

/** Gives a run its first requests. */
@Injectable()
export class RunSeeder {
  constructor(
    private readonly dataSource: DataSource,
    private readonly sources: SourceService,
    private readonly spiders: SpiderRegistry,
    private readonly progress: RunProgress,
  ) {}

  /**
   * Does nothing for a run that has begun, or that does not exist any more.
   * @throws UnknownSpiderError, NoStartPageError
   */
  async begin(runId: string): Promise<void> {
    const run = await this.dataSource.getRepository(Run).findOneBy({ id: runId });
    if (run?.status !== 'pending') return;
    const source = await this.sources.byId(run.sourceId);
    const spider = this.spiders.get(source.spider);
    const urls = new SourceUrls(source);
    const requests = spider.startRequests(source);
    if (source.scope.sitemaps) requests.push(...source.startUrls.map(sitemapsOf));
    const stats = new StatCounter();
    const admitted = requests
      .map((request) => urls.admit(request, 0, stats))
      .filter((one) => one !== undefined);
    if (admitted.length === 0) throw new NoStartPageError(source.slug);
    await this.progress.begin(runId, source.limits, admitted);
  }
}
