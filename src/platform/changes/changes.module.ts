import { Module } from '@nestjs/common';
import { ChangeFeed } from './change-feed.js';
import { ChangeLog } from './change-log.js';
import { ChangeMetrics, changeMetricProviders } from './changes.metrics.js';

/** What changes among tasks and workers, told by all processes, and followed from any. */
@Module({
  providers: [ChangeLog, ChangeFeed, ChangeMetrics, ...changeMetricProviders],
  exports: [ChangeLog, ChangeFeed],
})
export class ChangesModule {}
