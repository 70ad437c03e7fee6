import { Module } from '@nestjs/common';
import { RunsController } from './runs/runs.controller.js';
import { ScrapingModule } from './scraping.module.js';

@Module({ imports: [ScrapingModule], controllers: [RunsController] })
export class ScrapingHttpModule {}
