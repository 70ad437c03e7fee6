import { Global, Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { RateLimiter } from './limits/rate-limiter.js';
import { ControllableWorker } from './running/controllable-worker.js';
import { CurrentLimits } from './running/current-limits.js';
import { IsolatedChildren } from './running/isolated/isolated-children.js';
import { TaskLog } from './running/task-log.js';
import { TaskRunner } from './running/task-runner.js';
import { TaskSettler } from './running/task-settler.js';
import { TaskWorker } from './running/task-worker.js';
import { TaskRegistry } from './tasks/task-registry.js';

/** Running tasks: loaded by the modes that work. */
@Global()
@Module({
  imports: [DiscoveryModule],
  providers: [
    TaskRegistry,
    TaskLog,
    TaskRunner,
    TaskSettler,
    TaskWorker,
    { provide: ControllableWorker, useExisting: TaskWorker },
    CurrentLimits,
    RateLimiter,
    IsolatedChildren,
  ],
  exports: [ControllableWorker],
})
export class QueuesWorkerModule {}
