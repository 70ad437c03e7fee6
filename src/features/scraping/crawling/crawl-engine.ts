import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { correlate } from '../../../core/correlation/index.js';
import { WorkUnits } from '../../../core/performance/index.js';
import { isPassing } from '../../../core/errors/index.js';
import { SourceService } from '../../sources/index.js';
import { Frontier, type RunKey } from '../frontier/frontier.js';
import { ActiveRuns, type ActiveRun } from '../runs/active-runs.js';
import { RunCommit } from '../runs/run-commit.js';
import { RunProgress } from '../runs/run-progress.js';
import { taskIdOf } from '../runs/run-task-id.js';
import { type ScrapingConfig, scrapingConfig } from '../scraping.config.js';
import { type CrawlJob, PageVisitor } from './page-visitor.js';
import { type CrawlPorts, RunCrawl } from './run-crawl.js';
import { SourceUrls } from './source-urls.js';
import { SpiderRegistry } from './spider-registry.js';
import { WakeUp } from './wake-up.js';

/** How often it looks which runs there are: a cancelled one stops after that long, a new one begins. */
const LOOK_EVERY_MS = 500;

/**
 * Takes part in every active run, as every other worker does. Runs are found in PostgreSQL, so that a worker which
 * starts, or comes back from an outage, simply joins. A run that waits for its host costs a timer, and keeps no other
 * from going on.
 */
@Injectable()
export class CrawlEngine implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(CrawlEngine.name);
  private readonly crawls = new Map<string, { crawl: RunCrawl; done: Promise<void> }>();
  private readonly wakeUp = new WakeUp();
  private isStopping = false;
  private watching: Promise<void> | undefined;

  constructor(
    private readonly active: ActiveRuns,
    private readonly sources: SourceService,
    private readonly spiders: SpiderRegistry,
    private readonly visitor: PageVisitor,
    private readonly frontier: Frontier,
    private readonly committer: RunCommit,
    private readonly progress: RunProgress,
    private readonly units: WorkUnits,
    @Inject(scrapingConfig.token) private readonly config: ScrapingConfig,
  ) {}

  onApplicationBootstrap(): void {
    this.watching = this.watch();
  }

  /** Gives back what is not fetched yet, so that others go on at once, and commits what is. */
  async beforeApplicationShutdown(): Promise<void> {
    this.isStopping = true;
    this.wakeUp.wake();
    await this.watching;
    for (const { crawl } of this.crawls.values()) crawl.stop();
    await Promise.all([...this.crawls.values()].map(({ done }) => done));
  }

  /** There may be a new run. */
  look(): void {
    this.wakeUp.wake();
  }

  private async watch(): Promise<void> {
    while (!this.isStopping) {
      try {
        await this.join(await this.active.list(this.config.maxRuns));
      } catch (error) {
        this.logger.warn({ err: error }, 'active runs could not be looked up; trying again');
      }
      await this.wakeUp.sleep(LOOK_EVERY_MS);
    }
  }

  private async join(active: readonly ActiveRun[]): Promise<void> {
    const keys = new Set(active.map(keyOf));
    for (const [key, { crawl }] of this.crawls) if (!keys.has(key)) crawl.abandon();
    for (const run of active) {
      if (!this.isStopping && !this.crawls.has(keyOf(run))) await this.start(run);
    }
  }

  private async start(run: ActiveRun): Promise<void> {
    try {
      const source = await this.sources.byId(run.sourceId);
      const spider = this.spiders.find(source.spider);
      // While releases roll out a worker of the newer one knows it.
      if (spider) this.crawl(run, { source, spider, urls: new SourceUrls(source) });
    } catch (error) {
      this.logger.error({ err: error, runId: run.id }, 'a run could not be taken part in');
      if (!isPassing(error)) await this.progress.abandon(run, error);
    }
  }

  private crawl(run: ActiveRun, job: CrawlJob): void {
    const { visitor, frontier, progress } = this;
    // A unit of its own: a run has as many batches as the site has pages for, each has to be cheap.
    const committer: CrawlPorts['committer'] = {
      commit: (who, outcomes) =>
        this.units.run('batch', job.source.spider, () => this.committer.commit(who, outcomes)),
    };
    const ports = { visitor, frontier, committer, progress };
    const crawl = new RunCrawl(run, randomUUID(), job, ports, this.config.leaseMs);
    const correlationId = run.correlationId ?? taskIdOf(run.id);
    const done = correlate({ correlationId, runId: run.id, source: job.source.slug }, () =>
      crawl.work(),
    ).finally(() => this.crawls.delete(keyOf(run)));
    this.crawls.set(keyOf(run), { crawl, done });
  }
}

const keyOf = ({ id, attempt }: RunKey): string => `${id}:${attempt}`;
