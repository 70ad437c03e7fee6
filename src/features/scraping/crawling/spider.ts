import { DiscoveryService } from '@nestjs/core';
import type { EntityManager } from 'typeorm';
import type { Source } from '../../sources/index.js';
import type { HtmlPage } from './html-page.js';

/** A page to fetch. `callback` tells the spider, when the page comes, what kind of page it asked for. */
export interface ScrapeRequest {
  url: string;
  callback: string;
}

/** What a page yields: something found, a further page to fetch, or how many items lacked what they must have. */
export type SpiderOutput<Item> = { item: Item } | { request: ScrapeRequest } | { dropped: number };

/** What storing a batch did to the tables. An item that this run has stored before counts as none of the three. */
export interface StoredCounts {
  inserted: number;
  updated: number;
  unchanged: number;
}

/** Where a batch belongs. */
export interface BatchContext {
  sourceId: number;
  runId: string;
}

/** Stores what a spider finds (Scrapy's item pipeline). */
export interface ItemPipeline<Item> {
  /**
   * Stores a batch in the caller's transaction. Storing the same batch again, which happens after a crash, must
   * change nothing.
   */
  store(items: readonly Item[], context: BatchContext, manager: EntityManager): Promise<StoredCounts>;
  /** Called after the commit; for what must not happen before it, such as dropping cached reads. */
  committed(context: BatchContext): Promise<void>;
}

/**
 * Knows one kind of site: where to begin, and what a page of it says. Neither fetches nor stores. Items are JSON: what
 * a page gave is kept, and counts again when the site answers that the page has not changed.
 */
export interface Spider<Item = unknown> {
  readonly pipeline: ItemPipeline<Item>;
  /** Changes whenever the same page would give something else; what was kept of pages is not used then. */
  version(source: Source): string;
  startRequests(source: Pick<Source, 'startUrls'>): ScrapeRequest[];
  /** @param page relative links resolve against its URL; requests that leave the source's hosts are dropped. */
  parse(page: HtmlPage, callback: string, source: Source): Iterable<SpiderOutput<Item>>;
  /** What is counted to see that a field has gone missing from the site. */
  describe(item: Item): { kind: string; fields: Readonly<Record<string, unknown>> };
}

/** Declares a provider as the spider of this name, which sources refer to. */
export const SpiderFor = DiscoveryService.createDecorator<string>();
