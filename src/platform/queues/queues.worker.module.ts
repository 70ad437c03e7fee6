import { Global, Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { NoTaskLimits, TaskLimits, UncontrolledWorker } from './interim.js';
import { ControllableWorker } from './running/controllable-worker.js';
import { TaskRunner } from './running/task-runner.js';
import { TaskWorker } from './running/task-worker.js';
import { TaskRegistry } from './tasks/task-registry.js';

/** Running tasks: loaded by the modes that work. */
@Global()
@Module({
  imports: [DiscoveryModule],
  providers: [
    TaskRegistry,
    TaskRunner,
    TaskWorker,
    { provide: ControllableWorker, useClass: UncontrolledWorker },
    { provide: TaskLimits, useClass: NoTaskLimits },
  ],
  exports: [ControllableWorker, TaskLimits],
})
export class QueuesWorkerModule {}
