import { BullModule } from '@nestjs/bull';
import { type DynamicModule, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { RedisConnections, type RedisConfig, redisConfig } from '../../core/redis/index.js';
import { bullOptions, type QueueRole } from './bull/bull-options.js';
import { QUEUE_NAMES } from './bull/queue-names.js';
import { Queues } from './bull/queues.js';
import { Outbox } from './enqueueing/outbox.js';
import { OutboxRelay } from './enqueueing/outbox-relay.js';
import { OutboxTask } from './enqueueing/outbox-task.entity.js';
import { Sender } from './enqueueing/sender.js';
import { TaskQueue } from './enqueueing/task-queue.js';
import { TaskLimits } from './limits/task-limits.js';
import { type QueuesConfig, queuesConfig } from './queues.config.js';
import { Revocations } from './revoking/revocations.js';
import { Tombstones } from './revoking/tombstones.js';
import { QueueControl } from './steering/queue-control.js';
import { QueueGauges, queueGaugeProviders } from './steering/queue-gauges.js';
import { TaskCatalogue } from './tasks/task-catalogue.js';
import { TaskEventMetrics, taskEventMetricProviders } from './tasks/task-event-metrics.js';
import { TaskEvents } from './tasks/task-events.js';
import { TaskMetrics, taskMetricProviders } from './tasks/task-metrics.js';

const services = [
  Queues,
  TaskQueue,
  TaskEvents,
  TaskMetrics,
  TaskCatalogue,
  TaskLimits,
  Revocations,
  Tombstones,
  QueueControl,
];

/** Enqueueing, for every mode. Registered once, in the root module: a second registration would make second queues. */
@Module({})
export class QueuesModule {
  static forRoot(role: QueueRole): DynamicModule {
    return {
      module: QueuesModule,
      global: true,
      imports: [
        TypeOrmModule.forFeature([OutboxTask]),
        BullModule.forRootAsync({
          inject: [queuesConfig.token, redisConfig.token, RedisConnections],
          useFactory: (queues: QueuesConfig, redis: RedisConfig, connections: RedisConnections) =>
            bullOptions(role, queues, redis, connections),
        }),
        BullModule.registerQueue(...QUEUE_NAMES.map((name) => ({ name }))),
      ],
      providers: [
        ...services,
        Sender,
        Outbox,
        OutboxRelay,
        QueueGauges,
        TaskEventMetrics,
        ...taskEventMetricProviders,
        ...queueGaugeProviders,
        ...taskMetricProviders,
      ],
      exports: services,
    };
  }
}
