import { Module } from '@nestjs/common';
import { PageLoader } from './crawling/page-loader.js';
import { PoliteFetcher } from './crawling/polite-fetcher.js';
import { FetchingModule } from './fetching/fetching.module.js';
import { PolitenessModule } from './politeness/politeness.module.js';
import { RobotsModule } from './robots/robots.module.js';

/** Fetching in turn with all other processes, for runs and for people who look at one page. */
@Module({
  imports: [FetchingModule, PolitenessModule, RobotsModule],
  providers: [PoliteFetcher, PageLoader],
  exports: [PoliteFetcher, PageLoader],
})
export class PoliteFetchingModule {}
