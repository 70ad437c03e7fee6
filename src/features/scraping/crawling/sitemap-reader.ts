import { Injectable } from '@nestjs/common';
import { parseDocument } from 'htmlparser2';
import { getElementsByTagName, textContent } from 'domutils';
import type { LeasedRequest } from '../frontier/frontier.js';
import type { PageOutputs } from './page-outputs.js';
import { type FetchContext, PoliteFetcher } from './polite-fetcher.js';
import type { ScrapeRequest, Spider } from './spider.js';

/** Callbacks of requests that lead to pages and are none; no spider's callback begins so. */
const ROBOTS = '@robots';
const SITEMAP = '@sitemap';
/** sitemaps.org allows as many in one file. */
const MAX_LOCATIONS = 50_000;

export const isSitemap = ({ callback }: Pick<LeasedRequest, 'callback'>): boolean => callback.startsWith('@');

/** The request that finds the sitemaps of an origin. */
export function sitemapsOf(startUrl: string): ScrapeRequest {
  return { url: new URL('/robots.txt', startUrl).href, callback: ROBOTS };
}

/** Finds start pages: robots.txt names sitemaps (RFC 9309, 2.2.4), and these pages or further sitemaps. */
@Injectable()
export class SitemapReader {
  constructor(private readonly fetcher: PoliteFetcher) {}

  /** @throws FetchError; HostBlockedError; the signal's reason. */
  async read(
    { url, callback }: Pick<LeasedRequest, 'url' | 'callback'>,
    { spider }: { spider: Spider },
    context: FetchContext,
  ): Promise<PageOutputs> {
    const requests =
      callback === ROBOTS ? await this.named(url, context) : await this.listed(url, spider, context);
    return { items: [], requests, dropped: 0 };
  }

  private async named(url: string, context: FetchContext): Promise<ScrapeRequest[]> {
    const { sitemaps } = await this.fetcher.rulesFor(new URL(url), context);
    return sitemaps.map((sitemap) => ({ url: new URL(sitemap, url).href, callback: SITEMAP }));
  }

  private async listed(url: string, spider: Spider, context: FetchContext): Promise<ScrapeRequest[]> {
    const answer = await this.fetcher.get({ url: new URL(url), accept: 'xml' }, context);
    const document = parseDocument(answer.text, { xmlMode: true });
    const isIndex = getElementsByTagName('sitemapindex', document, true, 1).length > 0;
    const locations = getElementsByTagName('loc', document, true, MAX_LOCATIONS)
      .map((element) => textContent(element).trim())
      .filter((location) => URL.canParse(location));
    return isIndex
      ? locations.map((location) => ({ url: location, callback: SITEMAP }))
      : spider.startRequests({ startUrls: locations });
  }
}
