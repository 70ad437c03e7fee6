import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { SourcesModule } from '../sources/index.js';
import { EventsModule } from '../../core/events/index.js';
import { declareTasks } from '../../platform/queues/index.js';
import { Frontier } from './frontier/frontier.js';
import { RunRequest } from './frontier/run-request.entity.js';
import { Page } from './pages/page.entity.js';
import { SourceGauges, sourceGaugeProviders } from './runs/source-gauges.js';
import { RunControl } from './runs/run-control.js';
import { RunEnder } from './runs/run-ender.js';
import { RunEvents } from './runs/run-events.js';
import { RunMetrics, runMetricProviders } from './runs/run-metrics.js';
import { RunProgress } from './runs/run-progress.js';
import { RunReader } from './runs/run-reader.js';
import { RunRescuer } from './runs/run-rescuer.js';
import { RunTrimmer } from './runs/run-trimmer.js';
import { RunStarter } from './runs/run-starter.js';
import { ScheduledRuns } from './runs/scheduled-runs.js';
import { Run } from './runs/run.entity.js';
import { scrapeRun } from './scrape-run.task.js';

/** Runs of sources: starting, reading and keeping them true. */
@Module({
  imports: [
    declareTasks(scrapeRun),
    SourcesModule,
    TypeOrmModule.forFeature([Run, RunRequest, Page]),
    EventsModule,
  ],
  providers: [
    RunStarter,
    ScheduledRuns,
    RunReader,
    RunProgress,
    RunControl,
    RunRescuer,
    RunTrimmer,
    RunEnder,
    RunEvents,
    RunMetrics,
    SourceGauges,
    ...sourceGaugeProviders,
    Frontier,
    ...runMetricProviders,
  ],
  exports: [RunStarter, RunReader, RunProgress, RunControl, RunEnder, RunEvents, Frontier, SourcesModule],
})
export class ScrapingModule {}
