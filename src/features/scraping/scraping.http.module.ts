import { Module } from '@nestjs/common';
import { FailureReader } from './frontier/failure-reader.js';
import { RunActionsController } from './runs/run-actions.controller.js';
import { RunsController } from './runs/runs.controller.js';
import { ScrapingModule } from './scraping.module.js';

@Module({
  imports: [ScrapingModule],
  controllers: [RunsController, RunActionsController],
  providers: [FailureReader],
})
export class ScrapingHttpModule {}
