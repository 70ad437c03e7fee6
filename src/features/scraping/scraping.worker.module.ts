import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { Crawler } from './crawling/crawler.js';
import { SpiderRegistry } from './crawling/spider-registry.js';
import { FetchingModule } from './fetching/fetching.module.js';
import { RobotsModule } from './robots/robots.module.js';
import { ScrapeRunTask } from './scrape-run.task.js';
import { ScrapingModule } from './scraping.module.js';

/** Crawling itself: fetcher, spiders and the task. */
@Module({
  imports: [ScrapingModule, DiscoveryModule, FetchingModule, RobotsModule],
  providers: [SpiderRegistry, Crawler, ScrapeRunTask],
})
export class ScrapingWorkerModule {}
