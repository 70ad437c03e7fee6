export { HtmlPage } from './crawling/html-page.js';
export { type LoadedPage, PageLoader } from './crawling/page-loader.js';
export {
  type BatchContext,
  type ItemPipeline,
  type ScrapeRequest,
  type Spider,
  SpiderFor,
  type SpiderOutput,
  type StoredCounts,
} from './crawling/spider.js';
export { RunRequest } from './frontier/run-request.entity.js';
export { Page } from './pages/page.entity.js';
export { PoliteFetchingModule } from './polite-fetching.module.js';
export { RunReader, type RunRow } from './runs/run-reader.js';
export { RunStarter } from './runs/run-starter.js';
export { Run } from './runs/run.entity.js';
export { ScrapingHttpModule } from './scraping.http.module.js';
export { ScrapingModule } from './scraping.module.js';
export { ScrapingWorkerModule } from './scraping.worker.module.js';
