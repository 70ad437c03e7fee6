import { Module } from '@nestjs/common';
import { CachingModule } from '../../platform/caching/index.js';
import { SourceReader } from './source.reader.js';
import { SourcesController } from './sources.controller.js';
import { SourcesModule } from './sources.module.js';

@Module({
  imports: [SourcesModule, CachingModule],
  controllers: [SourcesController],
  providers: [SourceReader],
})
export class SourcesHttpModule {}
