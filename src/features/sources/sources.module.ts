import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { CachingModule } from '../../platform/caching/index.js';
import { SourceFiles } from './files/source-files.js';
import { Source } from './source.entity.js';
import { SourceService } from './source.service.js';

/** The declared sources. */
@Module({
  imports: [TypeOrmModule.forFeature([Source]), CachingModule],
  providers: [SourceService, SourceFiles],
  exports: [SourceService],
})
export class SourcesModule {}
