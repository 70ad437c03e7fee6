import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { CrawlEngine } from './crawling/crawl-engine.js';
import { PageVisitor } from './crawling/page-visitor.js';
import { RunSeeder } from './crawling/run-seeder.js';
import { SitemapReader } from './crawling/sitemap-reader.js';
import { SpiderRegistry } from './crawling/spider-registry.js';
import { PageStore } from './pages/page-store.js';
import { PoliteFetchingModule } from './polite-fetching.module.js';
import { ActiveRuns } from './runs/active-runs.js';
import { RunCommit } from './runs/run-commit.js';
import { ScrapeMetrics, scrapeMetricProviders } from './runs/scrape-metrics.js';
import { ScrapeRunTask } from './scrape-run.task.js';
import { ScrapingModule } from './scraping.module.js';

/** Crawling itself: fetcher, spiders, the engine, and the task that begins a run. */
@Module({
  imports: [ScrapingModule, DiscoveryModule, PoliteFetchingModule],
  providers: [
    SitemapReader,
    PageVisitor,
    PageStore,
    SpiderRegistry,
    RunSeeder,
    RunCommit,
    ScrapeMetrics,
    ...scrapeMetricProviders,
    ActiveRuns,
    CrawlEngine,
    ScrapeRunTask,
  ],
})
export class ScrapingWorkerModule {}
