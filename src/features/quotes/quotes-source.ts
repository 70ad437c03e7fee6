import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { SourceService } from '../sources/index.js';
import { type QuotesConfig, quotesConfig } from './quotes.config.js';
import { QUOTES_SOURCE } from './quotes.tags.js';
import { QUOTES_SPIDER } from './scraping/quotes.spider.js';

/** Declares the built-in source, as the configuration has it, whenever a process boots. */
@Injectable()
export class QuotesSource implements OnApplicationBootstrap {
  constructor(
    private readonly sources: SourceService,
    @Inject(quotesConfig.token) private readonly config: QuotesConfig,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    const { startUrl, downloadDelayMs, concurrentRequests } = this.config;
    await this.sources.declare({
      slug: QUOTES_SOURCE,
      name: 'Quotes',
      spider: QUOTES_SPIDER,
      startUrls: [startUrl],
      politeness: { downloadDelayMs, concurrentRequests },
    });
  }
}
