import { Module } from '@nestjs/common';
import { PerformanceModule } from './performance.module.js';
import { TimingPublisher } from './timing-publisher.js';

/** Loaded by every process that does work: telling all others how long it takes. */
@Module({ imports: [PerformanceModule], providers: [TimingPublisher] })
export class PerformanceReportingModule {}
