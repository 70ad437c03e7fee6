import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { SourcesModule } from '../sources/index.js';
import { RecordChange } from './entities/record-change.entity.js';
import { ScrapedRecord } from './entities/scraped-record.entity.js';

/** What declared sources yield: its tables. */
@Module({
  imports: [SourcesModule, TypeOrmModule.forFeature([ScrapedRecord, RecordChange])],
  exports: [SourcesModule],
})
export class RecordsModule {}
