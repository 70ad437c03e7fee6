import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { IsolatedTask } from './running/isolated/isolated-task.js';
import { TaskRegistry } from './tasks/task-registry.js';

/** The process of an isolated task: it takes nothing from any queue, only what its worker hands it. */
@Module({ imports: [DiscoveryModule], providers: [TaskRegistry, IsolatedTask] })
export class QueuesIsolatedModule {}
