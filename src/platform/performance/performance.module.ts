import { Module } from '@nestjs/common';
import { ProcessMemory } from './profiling/process-memory.js';
import { Profiler } from './profiling/profiler.js';
import { Slowest } from './slowest.js';
import { TimingStore } from './timing-store.js';

/** Seeing what is slow, of all processes, and what this one does. */
@Module({
  providers: [TimingStore, Slowest, ProcessMemory, Profiler],
  exports: [TimingStore, Slowest, Profiler],
})
export class PerformanceModule {}
