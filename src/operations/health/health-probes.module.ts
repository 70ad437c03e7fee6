import { Module } from '@nestjs/common';
import { HistoryModule } from '../../platform/history/index.js';
import { SchedulingModule } from '../../platform/scheduling/index.js';
import { WorkersModule } from '../../platform/workers/index.js';
import { BeatProbe } from './probes/beat.health.js';
import { DiskProbe } from './probes/disk.health.js';
import { EventLoopProbe } from './probes/event-loop.health.js';
import { MemoryProbe } from './probes/memory.health.js';
import { QueuesProbe } from './probes/queues.health.js';

/** Probes of what belongs to no module: the process itself, and what several modules do together. */
@Module({
  imports: [HistoryModule, SchedulingModule, WorkersModule],
  providers: [BeatProbe, QueuesProbe, MemoryProbe, DiskProbe, EventLoopProbe],
})
export class HealthProbesModule {}
