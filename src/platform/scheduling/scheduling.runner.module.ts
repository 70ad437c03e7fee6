import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { PeriodicRunner } from './periodic-runner.js';
import { ScheduleClaims } from './schedules/schedule-claims.js';
import { scheduleMetricProviders, ScheduleMetrics } from './schedules/schedule-metrics.js';
import { ScheduleRunner } from './schedules/schedule-runner.js';
import { ScheduleTargets } from './schedules/schedule-targets.js';

/** Loaded by scheduler and all: what recurs, and what is scheduled. */
@Module({
  imports: [DiscoveryModule],
  providers: [
    PeriodicRunner,
    ScheduleRunner,
    ScheduleClaims,
    ScheduleTargets,
    ScheduleMetrics,
    ...scheduleMetricProviders,
  ],
})
export class SchedulingRunnerModule {}
