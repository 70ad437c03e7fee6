import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { CachingModule } from '../../platform/caching/index.js';
import { DataAges } from './data-ages.js';
import { DeclaredSources } from './declared-sources.js';
import { Source } from './source.entity.js';
import { SourceReader } from './source.reader.js';
import { SourcesController } from './sources.controller.js';
import { SourcesModule } from './sources.module.js';

@Module({
  imports: [TypeOrmModule.forFeature([Source]), SourcesModule, CachingModule],
  controllers: [SourcesController],
  providers: [SourceReader, DeclaredSources, DataAges],
  exports: [DataAges],
})
export class SourcesHttpModule {}
