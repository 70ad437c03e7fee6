import { Module } from '@nestjs/common';
import { ChangesModule } from '../changes/index.js';
import { WorkerWatch, workersLostProvider } from './registry/worker-watch.js';
import { WorkersModule } from './workers.module.js';

/** Loaded by scheduler and all: telling what changes among workers. */
@Module({ imports: [ChangesModule, WorkersModule], providers: [WorkerWatch, workersLostProvider] })
export class WorkersRunnerModule {}
