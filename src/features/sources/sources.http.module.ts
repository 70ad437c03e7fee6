import { Module } from '@nestjs/common';
import { CachingModule } from '../../platform/caching/index.js';
import { DataAges } from './data-ages.js';
import { DeclaredSources } from './declared-sources.js';
import { SourceReader } from './source.reader.js';
import { SourcesController } from './sources.controller.js';
import { SourceScheduleController } from './source-schedule.controller.js';
import { SourcesModule } from './sources.module.js';

@Module({
  imports: [SourcesModule, CachingModule],
  controllers: [SourcesController, SourceScheduleController],
  providers: [SourceReader, DeclaredSources, DataAges],
  exports: [DataAges],
})
export class SourcesHttpModule {}
