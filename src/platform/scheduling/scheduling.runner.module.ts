import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { PeriodicRunner } from './periodic-runner.js';

/** Loaded by scheduler and all. */
@Module({ imports: [DiscoveryModule], providers: [PeriodicRunner] })
export class SchedulingRunnerModule {}
