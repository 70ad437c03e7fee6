import { Module } from '@nestjs/common';
import { Slowest } from './slowest.js';
import { TimingStore } from './timing-store.js';

/** Seeing what is slow, from any process. */
@Module({ providers: [TimingStore, Slowest], exports: [TimingStore, Slowest] })
export class PerformanceModule {}
