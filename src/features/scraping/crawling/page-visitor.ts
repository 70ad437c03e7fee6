import { Inject, Injectable } from '@nestjs/common';
import { GleanerError, isPassing, messageOf } from '../../../core/errors/index.js';
import { Timed } from '../../../core/performance/index.js';
import type { Source } from '../../sources/index.js';
import type { LeasedRequest } from '../frontier/frontier.js';
import { PageStore } from '../pages/page-store.js';
import { HostBlockedError, PermitLostError } from '../politeness/politeness.errors.js';
import { RobotsUnreachableError } from '../robots/robots.errors.js';
import { StatCounter } from '../runs/run-stats.js';
import { type ScrapingConfig, scrapingConfig } from '../scraping.config.js';
import { BlockedPageError, signOfBlocking } from './block-page.js';
import { countFields } from './field-counts.js';
import { HtmlPage } from './html-page.js';
import type { Blocked, Done, Failed, Outcome, PageMemory, Retried } from './outcome.js';
import { fromKept, keptOutputs, type PageOutputs, readPage } from './page-outputs.js';
import { type FetchContext, type FetchedPage, PoliteFetcher } from './polite-fetcher.js';
import { isSitemap, SitemapReader } from './sitemap-reader.js';
import type { SourceUrls } from './source-urls.js';
import type { Spider } from './spider.js';

/** What the requests of a run have in common. */
export interface CrawlJob {
  readonly source: Source;
  readonly spider: Spider;
  readonly urls: SourceUrls;
}

/** What a page gave, and what to remember of it; `undefined`: what is remembered already. */
interface Reading {
  readonly outputs: PageOutputs;
  readonly page: PageMemory | undefined;
}

/** Fetches one request of a run, has it read, and says what became of it. */
@Injectable()
export class PageVisitor {
  constructor(
    private readonly fetcher: PoliteFetcher,
    private readonly sitemaps: SitemapReader,
    private readonly pages: PageStore,
    @Inject(scrapingConfig.token) private readonly config: ScrapingConfig,
  ) {}

  /** Never rejects: a page that cannot be had is a finding about that page, not the end of the crawl. */
  @Timed()
  async visit(job: CrawlJob, request: LeasedRequest, signal: AbortSignal): Promise<Outcome> {
    const stats = new StatCounter();
    const context: FetchContext = { source: job.source, urls: job.urls, stats, signal };
    try {
      const reading = isSitemap(request)
        ? { outputs: await this.sitemaps.read(request, job, context), page: undefined }
        : await this.read(job, request, context);
      return { request, stats, end: done(job, request, reading, stats) };
    } catch (error) {
      if (signal.aborted || error instanceof PermitLostError)
        return { request, stats, end: { state: 'returned' } };
      const blocked = blockedBy(error);
      if (blocked) return { request, stats, end: { state: 'returned', blocked } };
      return { request, stats, end: this.failure(request, error, stats) };
    }
  }

  private async read(job: CrawlJob, request: LeasedRequest, context: FetchContext): Promise<Reading> {
    const { source, spider } = job;
    const url = new URL(request.url);
    const known = request.page?.version === spider.version(source) ? request.page : undefined;
    const answer = await this.fetcher.get({ url, accept: 'html', known }, context);
    if (answer.kind === 'page') return this.extract(job, request, answer, context.stats);
    const kept = known && (await this.pages.outputsOf(source.id, request.fingerprint));
    if (known && kept !== undefined) {
      context.stats.add('httpcache/revalidate');
      return { outputs: fromKept(kept), page: { ...known, outputs: kept } };
    }
    // Forgotten since it was leased: then the page itself is needed.
    const again = await this.fetcher.get({ url, accept: 'html' }, context);
    return this.extract(job, request, again, context.stats);
  }

  @Timed()
  private extract(
    { source, spider }: CrawlJob,
    request: LeasedRequest,
    answer: FetchedPage,
    stats: StatCounter,
  ): Reading {
    stats.add('downloader/response_bytes', answer.bytes);
    const page = new HtmlPage(answer.url.href, answer.text);
    const outputs = readPage(page, request.callback, spider, source);
    if (outputs.items.length > 0) return { outputs, page: memoryOf(answer, outputs, spider.version(source)) };
    const sign = outputs.requests.length === 0 ? signOfBlocking(page) : undefined;
    if (sign !== undefined) throw new BlockedPageError(request.url, sign);
    // What it used to give stays remembered, so that the next run knows it, too.
    const emptied = request.page !== null && request.page.itemCount > 0;
    if (emptied) stats.add('page/emptied');
    return { outputs, page: emptied ? undefined : memoryOf(answer, outputs, spider.version(source)) };
  }

  private failure(request: LeasedRequest, error: unknown, stats: StatCounter): Retried | Failed {
    const code = error instanceof GleanerError ? error.code : 'spider.exception';
    stats.add(`downloader/exception_type_count/${code}`);
    // What a spider throws it would throw again.
    if (isPassing(error) && request.tries < this.config.retries) {
      stats.add('retry/count');
      stats.add(`retry/reason_count/${code}`);
      return { state: 'retried', inMs: Math.random() * this.config.retryBaseMs * 2 ** request.tries };
    }
    stats.add('retry/max_reached');
    if (code === 'robots.disallowed') stats.add('robotstxt/forbidden');
    if (error instanceof BlockedPageError) stats.add('page/blocked');
    return { state: 'failed', code, message: messageOf(error).slice(0, 1000) };
  }
}

/** While nothing can be asked of a host, a request that waits has not failed. */
function blockedBy(error: unknown): Blocked | undefined {
  if (error instanceof HostBlockedError) return error;
  if (!(error instanceof RobotsUnreachableError)) return undefined;
  return { until: new Date(Date.now() + error.retryAfterMs), reason: 'robots_unreachable' };
}

function memoryOf({ url, validators }: FetchedPage, outputs: PageOutputs, version: string): PageMemory {
  const { etag = null, lastModified = null } = validators;
  const kept = etag === null && lastModified === null ? null : keptOutputs(outputs);
  const itemCount = outputs.items.length;
  return kept === null
    ? { itemCount, url: null, etag: null, lastModified: null, version: null, outputs: null }
    : { itemCount, url: url.href, etag, lastModified, version, outputs: kept };
}

function done(
  { spider, urls }: CrawlJob,
  { depth }: LeasedRequest,
  { outputs, page }: Reading,
  stats: StatCounter,
): Done {
  stats.add('downloader/response_count');
  stats.max('request_depth_max', depth);
  stats.add('item_dropped_count', outputs.dropped);
  const found = outputs.requests
    .map((request) => urls.admit(request, depth + 1, stats))
    .filter((request) => request !== undefined);
  return { state: 'done', items: outputs.items, found, fields: countFields(outputs.items, spider), page };
}
