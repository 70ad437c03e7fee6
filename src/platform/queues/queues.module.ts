import { BullModule } from '@nestjs/bull';
import { type DynamicModule, Module } from '@nestjs/common';
import { RedisConnections, type RedisConfig, redisConfig } from '../../core/redis/index.js';
import { bullOptions, type QueueRole } from './bull/bull-options.js';
import { QUEUE_NAMES } from './bull/queue-names.js';
import { type QueuesConfig, queuesConfig } from './queues.config.js';
import { Queues } from './bull/queues.js';
import { TaskMetrics, taskMetricProviders } from './tasks/task-metrics.js';
import { TaskEvents } from './tasks/task-events.js';
import { TaskQueue } from './enqueueing/task-queue.js';

/** Enqueueing, for every mode. Registered once, in the root module: a second registration would make second queues. */
@Module({})
export class QueuesModule {
  static forRoot(role: QueueRole): DynamicModule {
    return {
      module: QueuesModule,
      global: true,
      imports: [
        BullModule.forRootAsync({
          inject: [queuesConfig.token, redisConfig.token, RedisConnections],
          useFactory: (queues: QueuesConfig, redis: RedisConfig, connections: RedisConnections) =>
            bullOptions(role, queues, redis, connections),
        }),
        BullModule.registerQueue(...QUEUE_NAMES.map((name) => ({ name }))),
      ],
      providers: [Queues, TaskQueue, TaskEvents, TaskMetrics, ...taskMetricProviders],
      exports: [Queues, TaskQueue, TaskEvents, TaskMetrics],
    };
  }
}
