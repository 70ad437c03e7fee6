import { Module } from '@nestjs/common';
import { CachingModule } from '../../platform/caching/index.js';
import { DeclaredSpider } from './declared.spider.js';
import { RecordsModule } from './records.module.js';
import { RecordsPipeline } from './storing/records.pipeline.js';

/** Scraping declared sources: how they are read, and where what they yield is stored. */
@Module({ imports: [RecordsModule, CachingModule], providers: [DeclaredSpider, RecordsPipeline] })
export class RecordsWorkerModule {}
