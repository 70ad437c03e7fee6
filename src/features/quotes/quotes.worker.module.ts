import { Module } from '@nestjs/common';
import { CachingModule } from '../../platform/caching/index.js';
import { QuotesModule } from './quotes.module.js';
import { QuotesPipeline } from './scraping/quotes.pipeline.js';
import { QuotesSpider } from './scraping/quotes.spider.js';

/** Scraping quotes: the spider and its pipeline. */
@Module({ imports: [QuotesModule, CachingModule], providers: [QuotesSpider, QuotesPipeline] })
export class QuotesWorkerModule {}
