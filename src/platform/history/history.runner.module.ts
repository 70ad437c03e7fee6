import { Module } from '@nestjs/common';
import { ChangesModule } from '../changes/index.js';
import { DeadLetterSweeper } from './dead-letters/dead-letter-sweeper.js';
import { HistoryModule } from './history.module.js';
import { HistoryTrimmer } from './history-trimmer.js';
import { ComparedQueues } from './reconciling/compared-queues.js';
import { ComparedRows } from './reconciling/compared-rows.js';
import { MissingRows } from './reconciling/missing-rows.js';
import { TaskReconciler } from './reconciling/task-reconciler.js';

/** Loaded by scheduler and all: what keeps history and queues together, and both of them small. */
@Module({
  imports: [ChangesModule, HistoryModule],
  providers: [TaskReconciler, MissingRows, ComparedRows, ComparedQueues, DeadLetterSweeper, HistoryTrimmer],
})
export class HistoryRunnerModule {}
