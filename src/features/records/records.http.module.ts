import { Module } from '@nestjs/common';
import { CachingModule } from '../../platform/caching/index.js';
import { PoliteFetchingModule } from '../scraping/index.js';
import { SourcesHttpModule } from '../sources/index.js';
import { exportMetricProviders } from './exporting/export.metrics.js';
import { RecordExporter } from './exporting/record-exporter.js';
import { RecordExportsController } from './exporting/record-exports.controller.js';
import { Previewer } from './previewing/previewer.js';
import { PreviewsController } from './previewing/previews.controller.js';
import { RecordFinder } from './reading/record.finder.js';
import { RecordReader } from './reading/record.reader.js';
import { RecordsController } from './reading/records.controller.js';
import { RecordsModule } from './records.module.js';

/** Reading and exporting records, and trying declarations. */
@Module({
  imports: [RecordsModule, CachingModule, PoliteFetchingModule, SourcesHttpModule],
  controllers: [RecordsController, RecordExportsController, PreviewsController],
  providers: [...exportMetricProviders, RecordFinder, RecordReader, RecordExporter, Previewer],
})
export class RecordsHttpModule {}
