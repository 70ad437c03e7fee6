import { Module } from '@nestjs/common';
import { AlertingModule } from '../../platform/alerting/index.js';
import { AuthModule } from '../../platform/auth/index.js';
import { ChangesModule } from '../../platform/changes/index.js';
import { HistoryModule } from '../../platform/history/index.js';
import { LogLevelsModule } from '../../platform/log-levels/index.js';
import { WorkersModule } from '../../platform/workers/index.js';
import { PerformanceModule } from '../../platform/performance/index.js';
import { TaskActionsController } from './actions/task-actions.controller.js';
import { AlertRulesController } from './alerts/alert-rules.controller.js';
import { AlertSilencesController } from './alerts/alert-silences.controller.js';
import { AlertsController } from './alerts/alerts.controller.js';
import { ErrorsController } from './alerts/errors.controller.js';
import { BullBoard } from './bull-board/bull-board.js';
import { BulkAnswers } from './bulk/bulk-answers.js';
import { BulkController } from './bulk/bulk.controller.js';
import { BulkOperations } from './bulk/bulk-operations.js';
import { BulkProgress } from './bulk/bulk-progress.js';
import { TaskBatch } from './bulk/task-batch.js';
import { TaskBulk } from './bulk/task-bulk.js';
import { Confirmations } from './confirmations.js';
import { controlMetricProviders } from './control.metrics.js';
import { EventStreams } from './events/event-streams.js';
import { EventsController } from './events/events.controller.js';
import { DeadLetterActionsController } from './dead-letters/dead-letter-actions.controller.js';
import { DeadLetterPurge } from './dead-letters/dead-letter-purge.js';
import { DeadLetterReplays } from './dead-letters/dead-letter-replays.js';
import { DeadLettersController } from './dead-letters/dead-letters.controller.js';
import { LogLevelsController } from './log-levels/log-levels.controller.js';
import { ProfilesController } from './profiles/profiles.controller.js';
import { QueueDrain } from './queues/queue-drain.js';
import { QueueRates } from './queues/queue-rates.js';
import { QueuesController } from './queues/queues.controller.js';
import { SendingController } from './sending/sending.controller.js';
import { TaskSender } from './sending/task-sender.js';
import { SlowestController } from './slowest/slowest.controller.js';
import { TaskExporter } from './tasks/task-exporter.js';
import { LongRunning } from './tasks/long-running.js';
import { TasksController } from './tasks/tasks.controller.js';
import { WorkerCommandsController } from './workers/worker-commands.controller.js';
import { WorkersController } from './workers/workers.controller.js';

/** Seeing and steering tasks, queues, workers and dead letters, over HTTP. Whoever reads here needs a key, too. */
@Module({
  imports: [
    AlertingModule,
    AuthModule,
    ChangesModule,
    HistoryModule,
    LogLevelsModule,
    PerformanceModule,
    WorkersModule,
  ],
  controllers: [
    TasksController,
    BulkController,
    TaskActionsController,
    QueuesController,
    EventsController,
    SendingController,
    WorkersController,
    WorkerCommandsController,
    SlowestController,
    ProfilesController,
    DeadLettersController,
    DeadLetterActionsController,
    AlertsController,
    AlertRulesController,
    AlertSilencesController,
    ErrorsController,
    LogLevelsController,
  ],
  providers: [
    ...controlMetricProviders,
    LongRunning,
    TaskExporter,
    BulkAnswers,
    BulkOperations,
    BulkProgress,
    TaskBatch,
    TaskBulk,
    Confirmations,
    DeadLetterPurge,
    DeadLetterReplays,
    QueueDrain,
    QueueRates,
    EventStreams,
    TaskSender,
    BullBoard,
  ],
})
export class ControlHttpModule {}
