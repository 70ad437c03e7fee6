import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { TaskActions } from './actions/task-actions.js';
import { ChangesModule } from '../changes/index.js';
import { DeadLetterGauge, deadLetterGaugeProviders } from './dead-letters/dead-letter-gauge.js';
import { DeadLetterReplayer } from './dead-letters/dead-letter-replayer.js';
import { DeadLetters } from './dead-letters/dead-letters.js';
import { DeadLetter } from './entities/dead-letter.entity.js';
import { TaskAttempt } from './entities/task-attempt.entity.js';
import { TaskLog } from './entities/task-log.entity.js';
import { Task } from './entities/task.entity.js';
import { TaskFinder } from './finding/task.finder.js';
import { HistoryMetrics, historyMetricProviders } from './history.metrics.js';
import { TaskHistory } from './reading/task-history.js';
import { TaskRecorder } from './recording/task-recorder.js';
import { TaskWriter } from './recording/task-writer.js';

/** What happens to tasks, as this process tells it; what has happened; and what is to be repeated. */
@Module({
  imports: [ChangesModule, TypeOrmModule.forFeature([Task, TaskAttempt, TaskLog, DeadLetter])],
  providers: [
    TaskWriter,
    TaskRecorder,
    TaskHistory,
    TaskFinder,
    TaskActions,
    DeadLetters,
    DeadLetterReplayer,
    HistoryMetrics,
    ...historyMetricProviders,
    DeadLetterGauge,
    ...deadLetterGaugeProviders,
  ],
  exports: [
    TaskHistory,
    TaskFinder,
    TaskActions,
    DeadLetters,
    DeadLetterReplayer,
    TaskWriter,
    HistoryMetrics,
  ],
})
export class HistoryModule {}
