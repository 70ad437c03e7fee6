import type { Source } from '../../sources/index.js';
import type { HtmlPage } from './html-page.js';
import type { ScrapeRequest, Spider } from './spider.js';

/** What a page gave. */
export interface PageOutputs {
  readonly items: readonly unknown[];
  readonly requests: readonly ScrapeRequest[];
  /** Items without what they must have. */
  readonly dropped: number;
}

/** Above this, what a page gave is not kept: reading it once more is cheaper than carrying it around. */
const MAX_KEPT_LENGTH = 262_144;

/** Has the spider read a page. @throws what the spider throws. */
export function readPage(page: HtmlPage, callback: string, spider: Spider, source: Source): PageOutputs {
  const items: unknown[] = [];
  const requests: ScrapeRequest[] = [];
  let dropped = 0;
  for (const output of spider.parse(page, callback, source)) {
    if ('item' in output) items.push(output.item);
    else if ('request' in output) requests.push(output.request);
    else dropped += output.dropped;
  }
  return { items, requests, dropped };
}

/** As it is kept until the site answers that the page has not changed; null when it is too much. */
export function keptOutputs(outputs: PageOutputs): string | null {
  const text = JSON.stringify(outputs);
  return text.length > MAX_KEPT_LENGTH ? null : text;
}

export const fromKept = (text: string): PageOutputs => JSON.parse(text) as PageOutputs;
