import { Module } from '@nestjs/common';
import { CachingModule } from '../../platform/caching/index.js';
import { RecordsModule } from './records.module.js';
import { RecordsPipeline } from './storing/records.pipeline.js';

/** Scraping declared sources: where what they yield is stored. */
@Module({ imports: [RecordsModule, CachingModule], providers: [RecordsPipeline], exports: [RecordsPipeline] })
export class RecordsWorkerModule {}
