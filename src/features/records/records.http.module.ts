import { Module } from '@nestjs/common';
import { CachingModule } from '../../platform/caching/index.js';
import { RecordFinder } from './reading/record.finder.js';
import { RecordReader } from './reading/record.reader.js';
import { RecordsController } from './reading/records.controller.js';
import { RecordsModule } from './records.module.js';

/** Reading records. */
@Module({
  imports: [RecordsModule, CachingModule],
  controllers: [RecordsController],
  providers: [RecordFinder, RecordReader],
})
export class RecordsHttpModule {}
