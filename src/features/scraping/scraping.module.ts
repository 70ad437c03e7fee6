import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { SourcesModule } from '../sources/index.js';
import { RunProgress } from './runs/run-progress.js';
import { RunReader } from './runs/run-reader.js';
import { RunRescuer } from './runs/run-rescuer.js';
import { RunStarter } from './runs/run-starter.js';
import { Run } from './runs/run.entity.js';

/** Runs of sources: starting, reading and keeping them true. */
@Module({
  imports: [SourcesModule, TypeOrmModule.forFeature([Run])],
  providers: [RunStarter, RunReader, RunProgress, RunRescuer],
  exports: [RunStarter, RunReader, RunProgress, SourcesModule],
})
export class ScrapingModule {}
