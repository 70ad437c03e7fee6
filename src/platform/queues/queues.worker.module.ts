import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { TaskRegistry } from './task-registry.js';
import { TaskRunner } from './task-runner.js';
import { TaskWorker } from './task-worker.js';

/** Running tasks: loaded by the modes that work. */
@Module({ imports: [DiscoveryModule], providers: [TaskRegistry, TaskRunner, TaskWorker] })
export class QueuesWorkerModule {}
