import { Module } from '@nestjs/common';
import { HistoryModule } from './history.module.js';
import { HistoryTrimmer } from './history-trimmer.js';

/** Loaded by scheduler and all: what keeps history and queues together, and both of them small. */
@Module({ imports: [HistoryModule], providers: [HistoryTrimmer] })
export class HistoryRunnerModule {}
