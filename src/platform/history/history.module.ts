import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DeadLetter } from './entities/dead-letter.entity.js';
import { TaskAttempt } from './entities/task-attempt.entity.js';
import { TaskLog } from './entities/task-log.entity.js';
import { Task } from './entities/task.entity.js';
import { HistoryMetrics, historyMetricProviders } from './history.metrics.js';
import { TaskRecorder } from './recording/task-recorder.js';
import { TaskWriter } from './recording/task-writer.js';

/** What happens to tasks, as this process tells it, and what has happened. */
@Module({
  imports: [TypeOrmModule.forFeature([Task, TaskAttempt, TaskLog, DeadLetter])],
  providers: [TaskWriter, TaskRecorder, HistoryMetrics, ...historyMetricProviders],
  exports: [TypeOrmModule, TaskWriter, HistoryMetrics],
})
export class HistoryModule {}
