import { Module } from '@nestjs/common';
import { AuthModule } from '../../platform/auth/index.js';
import { ChangesModule } from '../../platform/changes/index.js';
import { HistoryModule } from '../../platform/history/index.js';
import { TaskActionsController } from './actions/task-actions.controller.js';
import { BullBoard } from './bull-board/bull-board.js';
import { BulkBatch } from './bulk/bulk-batch.js';
import { BulkController } from './bulk/bulk.controller.js';
import { BulkOperations } from './bulk/bulk-operations.js';
import { BulkProgress } from './bulk/bulk-progress.js';
import { controlMetricProviders } from './control.metrics.js';
import { EventStreams } from './events/event-streams.js';
import { EventsController } from './events/events.controller.js';
import { QueueDrain } from './queues/queue-drain.js';
import { QueueRates } from './queues/queue-rates.js';
import { QueuesController } from './queues/queues.controller.js';
import { SendingController } from './sending/sending.controller.js';
import { TaskSender } from './sending/task-sender.js';
import { TaskExporter } from './tasks/task-exporter.js';
import { LongRunning } from './tasks/long-running.js';
import { TasksController } from './tasks/tasks.controller.js';

/** Seeing and steering tasks and queues, over HTTP. Whoever reads here needs a key, too. */
@Module({
  imports: [AuthModule, ChangesModule, HistoryModule],
  controllers: [
    TasksController,
    BulkController,
    TaskActionsController,
    QueuesController,
    EventsController,
    SendingController,
  ],
  providers: [
    ...controlMetricProviders,
    LongRunning,
    TaskExporter,
    BulkBatch,
    BulkOperations,
    BulkProgress,
    QueueDrain,
    QueueRates,
    EventStreams,
    TaskSender,
    BullBoard,
  ],
})
export class ControlHttpModule {}
