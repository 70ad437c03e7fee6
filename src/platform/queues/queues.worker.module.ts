import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { TaskRegistry } from './tasks/task-registry.js';
import { TaskRunner } from './running/task-runner.js';
import { TaskWorker } from './running/task-worker.js';

/** Running tasks: loaded by the modes that work. */
@Module({ imports: [DiscoveryModule], providers: [TaskRegistry, TaskRunner, TaskWorker] })
export class QueuesWorkerModule {}
