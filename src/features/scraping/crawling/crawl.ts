import { setTimeout as delay } from 'node:timers/promises';
import { GleanerError, isRetryable, messageOf } from '../../../core/errors/index.js';
import type { Source } from '../../sources/index.js';
import type { FetchedPage } from '../fetching/http-fetcher.js';
import type { RunStats } from '../runs/run-stats.js';
import type { PageFailure } from '../runs/run.entity.js';
import { HtmlPage } from './html-page.js';
import type { ScrapeRequest, Spider, StoredCounts } from './spider.js';

/** A commit is made when this many items wait, or this time has passed since the last. */
const BATCH_ITEMS = 100;
const COMMIT_EVERY_MS = 1000;

export interface CrawlOptions {
  source: Source;
  downloadDelayMs: number;
  concurrentRequests: number;
  retries: number;
  retryBaseMs: number;
}

/** What a crawl needs from outside. */
export interface CrawlPorts {
  fetch(url: string, signal: AbortSignal): Promise<FetchedPage>;
  /** Stores the items and, with what `account` makes of the outcome, the stats of the run: all or nothing. */
  commit(
    items: readonly unknown[],
    account: (stored: StoredCounts) => RunStats,
    failures: readonly PageFailure[],
  ): Promise<void>;
}

/**
 * One walk over a site, from the spider's start requests to the last page they lead to. The frontier lives in memory:
 * an attempt that is cut off begins again, which the idempotent commits make harmless.
 */
export class Crawl {
  private readonly queue: ScrapeRequest[] = [];
  private readonly seen = new Set<string>();
  private readonly inFlight = new Set<Promise<void>>();
  private readonly host: string;
  private items: unknown[] = [];
  private failures: PageFailure[] = [];
  private lastError: unknown;
  private lastCommit = performance.now();
  private lastTurn: Promise<void> = Promise.resolve();
  private lastStart = -Infinity;

  /** @param stats counted on from here: those of earlier attempts of the same run. */
  constructor(
    private readonly spider: Spider,
    private readonly options: CrawlOptions,
    private readonly ports: CrawlPorts,
    private stats: RunStats,
  ) {
    this.host = new URL(options.source.startUrls[0] ?? '').hostname;
  }

  /**
   * @returns the stats at the end; they are committed.
   * @throws the reason of `signal`; the last error when not one page could be fetched; what `commit` throws.
   */
  async run(signal: AbortSignal): Promise<RunStats> {
    const responsesBefore = this.stats['downloader/response_count'];
    for (const request of this.spider.startRequests(this.options.source)) this.enqueue(request);
    const failed = new AbortController();
    try {
      await this.work(AbortSignal.any([signal, failed.signal]));
    } catch (error) {
      // A commit that failed ends the crawl: nobody needs what is still being fetched.
      failed.abort(error);
      throw error;
    } finally {
      await Promise.all(this.inFlight);
    }
    await this.commit();
    if (this.stats['downloader/response_count'] === responsesBefore) {
      throw this.lastError instanceof Error
        ? this.lastError
        : new Error(`The spider asked for no page of ${this.host}.`);
    }
    return this.stats;
  }

  private async work(signal: AbortSignal): Promise<void> {
    while (this.queue.length > 0 || this.inFlight.size > 0) {
      signal.throwIfAborted();
      const request = this.inFlight.size < this.options.concurrentRequests ? this.queue.shift() : undefined;
      if (request) {
        const visit = this.visit(request, signal).finally(() => this.inFlight.delete(visit));
        this.inFlight.add(visit);
      } else {
        await Promise.race(this.inFlight);
      }
      signal.throwIfAborted();
      if (this.items.length >= BATCH_ITEMS || performance.now() - this.lastCommit >= COMMIT_EVERY_MS)
        await this.commit();
    }
    signal.throwIfAborted();
  }

  private enqueue(request: ScrapeRequest): void {
    const url = new URL(request.url);
    url.hash = '';
    if (url.hostname !== this.host) {
      this.stats['offsite/filtered']++;
    } else if (this.seen.has(url.href)) {
      this.stats['dupefilter/filtered']++;
    } else {
      this.seen.add(url.href);
      this.stats['scheduler/enqueued']++;
      this.queue.push({ ...request, url: url.href });
    }
  }

  /** Never rejects: a page that cannot be had is a finding about that page, not the end of the crawl. */
  private async visit(request: ScrapeRequest, signal: AbortSignal): Promise<void> {
    try {
      const page = await this.fetch(request.url, signal);
      this.stats['downloader/response_count']++;
      this.stats['downloader/response_bytes'] += page.bytes;
      for (const output of this.spider.parse(
        new HtmlPage(page.url, page.html),
        request.callback,
        this.options.source,
      )) {
        if ('item' in output) this.items.push(output.item);
        else this.enqueue(output.request);
      }
    } catch (error) {
      if (signal.aborted) return;
      this.lastError = error;
      this.stats['retry/max_reached']++;
      const code = error instanceof GleanerError ? error.code : 'spider.exception';
      this.failures.push({ url: request.url, code, message: messageOf(error).slice(0, 1000) });
    }
    this.stats['scheduler/dequeued']++;
  }

  private async fetch(url: string, signal: AbortSignal): Promise<FetchedPage> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.inTurn(signal, async () => {
          this.stats['downloader/request_count']++;
          return this.ports.fetch(url, signal);
        });
      } catch (error) {
        if (signal.aborted || !isRetryable(error) || attempt >= this.options.retries) throw error;
        this.stats['retry/count']++;
        await pause(Math.random() * this.options.retryBaseMs * 2 ** attempt, signal);
      }
    }
  }

  /**
   * Starts a request when it may: one after another, each the delay after the last has really started. Retries, too,
   * keep their distance. Looking at the clock and starting have nothing between them: a process that is held up there
   * would believe that the last request was earlier than it was.
   */
  private async inTurn<T>(signal: AbortSignal, start: () => Promise<T>): Promise<T> {
    const turn = this.lastTurn.then(async () => {
      await pause(this.lastStart + this.options.downloadDelayMs - performance.now(), signal);
      if (signal.aborted) return undefined;
      this.lastStart = performance.now();
      // In a box: the next turn waits for the start, not for the answer.
      return { answer: start() };
    });
    this.lastTurn = turn.then(() => undefined);
    const started = await turn;
    if (!started) throw signal.reason;
    return started.answer;
  }

  private async commit(): Promise<void> {
    const { items, failures } = this;
    this.items = [];
    this.failures = [];
    // Visits go on counting while the commit waits for the database, so counts are added, not written over.
    // A commit may be tried again: what it stored counts once, when it has succeeded.
    let counted: StoredCounts = { inserted: 0, updated: 0, unchanged: 0 };
    const account = (stored: StoredCounts): RunStats => {
      counted = stored;
      return withStored({ ...this.stats }, stored);
    };
    await this.ports.commit(items, account, failures);
    withStored(this.stats, counted);
    this.lastCommit = performance.now();
  }
}

/** Adds to the stats what was stored. @returns the same stats. */
function withStored(stats: RunStats, { inserted, updated, unchanged }: StoredCounts): RunStats {
  stats['item/inserted'] += inserted;
  stats['item/updated'] += updated;
  stats['item/unchanged'] += unchanged;
  stats.item_scraped_count += inserted + updated + unchanged;
  return stats;
}

/** Waits; returns early when the signal aborts, which the caller checks. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms > 0 && !signal.aborted) await delay(ms, undefined, { signal }).catch(() => undefined);
}
