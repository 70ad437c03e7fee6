import { Module } from '@nestjs/common';
import { CachingModule } from '../../platform/caching/index.js';
import { exportMetricProviders } from './exporting/export.metrics.js';
import { RecordExporter } from './exporting/record-exporter.js';
import { RecordExportsController } from './exporting/record-exports.controller.js';
import { RecordFinder } from './reading/record.finder.js';
import { RecordReader } from './reading/record.reader.js';
import { RecordsController } from './reading/records.controller.js';
import { RecordsModule } from './records.module.js';

/** Reading and exporting records. */
@Module({
  imports: [RecordsModule, CachingModule],
  controllers: [RecordsController, RecordExportsController],
  providers: [...exportMetricProviders, RecordFinder, RecordReader, RecordExporter],
})
export class RecordsHttpModule {}
