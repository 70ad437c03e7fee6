import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { Crawler } from './crawling/crawler.js';
import { SpiderRegistry } from './crawling/spider-registry.js';
import { HttpFetcher } from './fetching/http-fetcher.js';
import { PolitenessModule } from './politeness/politeness.module.js';
import { ScrapeRunTask } from './scrape-run.task.js';
import { ScrapingModule } from './scraping.module.js';

/** Crawling itself: fetcher, spiders and the task. */
@Module({
  imports: [ScrapingModule, PolitenessModule, DiscoveryModule],
  providers: [HttpFetcher, SpiderRegistry, Crawler, ScrapeRunTask],
})
export class ScrapingWorkerModule {}
