import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { CachingModule } from '../../platform/caching/index.js';
import { SchedulingModule } from '../../platform/scheduling/index.js';
import { SourceFiles } from './files/source-files.js';
import { SourceSchedules } from './source-schedules.js';
import { Source } from './source.entity.js';
import { SourceService } from './source.service.js';

/** The declared sources. */
@Module({
  imports: [TypeOrmModule.forFeature([Source]), CachingModule, SchedulingModule],
  providers: [SourceService, SourceSchedules, SourceFiles],
  exports: [SourceService, SourceSchedules],
})
export class SourcesModule {}
