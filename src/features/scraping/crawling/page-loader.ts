import { Injectable } from '@nestjs/common';
import type { Source } from '../../sources/index.js';
import { StatCounter } from '../runs/run-stats.js';
import { HtmlPage } from './html-page.js';
import { PoliteFetcher } from './polite-fetcher.js';
import { SourceUrls } from './source-urls.js';

export interface LoadedPage {
  readonly page: HtmlPage;
  /** Size of the body after unpacking. */
  readonly bytes: number;
  /** Those of the links that a run which began here would follow. */
  readonly followed: (links: readonly string[]) => string[];
}

/** Fetches one page for somebody who looks at it, in turn with the runs that ask its host. */
@Injectable()
export class PageLoader {
  constructor(private readonly fetcher: PoliteFetcher) {}

  /**
   * @throws FetchError, also for URLs that are not the source's; HostBlockedError; PageTooDeepError; the signal's
   *   reason.
   */
  async load(
    source: Pick<Source, 'startUrls' | 'scope' | 'limits' | 'politeness'>,
    url: URL,
    signal: AbortSignal,
  ): Promise<LoadedPage> {
    const urls = new SourceUrls(source);
    const stats = new StatCounter();
    const answer = await this.fetcher.get({ url, accept: 'html' }, { source, urls, stats, signal });
    return {
      page: new HtmlPage(answer.url.href, answer.text),
      bytes: answer.bytes,
      followed: (links) =>
        links.filter((link) => urls.admit({ url: link, callback: 'page' }, 1, stats) !== undefined),
    };
  }
}
