import { Module } from '@nestjs/common';
import { WorkerCommands } from './commands/worker-commands.js';
import { WorkerControl } from './commands/worker-control.js';
import { WorkerProfiles } from './commands/worker-profiles.js';
import { RegistryGauges, registryGaugeProviders } from './registry/registry-gauges.js';
import { WorkerStore } from './registry/worker-store.js';
import { Workers } from './registry/workers.js';
import { WorkersProbe } from './workers.health.js';
import { WORKERS_REDIS, workersRedisProvider } from './workers-redis.js';

/** Seeing workers and commanding them, from any process. */
@Module({
  providers: [
    workersRedisProvider,
    WorkerStore,
    Workers,
    WorkerCommands,
    WorkerControl,
    WorkerProfiles,
    WorkersProbe,
    RegistryGauges,
    ...registryGaugeProviders,
  ],
  exports: [Workers, WorkerCommands, WorkerControl, WorkerProfiles, WorkerStore, WORKERS_REDIS],
})
export class WorkersModule {}
