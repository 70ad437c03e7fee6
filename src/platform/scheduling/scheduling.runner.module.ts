import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { BeatSender } from './beat/beat-sender.js';
import { PeriodicRunner } from './periodic-runner.js';
import { ScheduleClaims } from './schedules/schedule-claims.js';
import { scheduleMetricProviders, ScheduleMetrics } from './schedules/schedule-metrics.js';
import { ScheduleRunner } from './schedules/schedule-runner.js';
import { ScheduleTargets } from './schedules/schedule-targets.js';

/** Loaded by scheduler and all: what recurs, what is scheduled, and the heartbeat that shows that both go on. */
@Module({
  imports: [DiscoveryModule],
  providers: [
    PeriodicRunner,
    BeatSender,
    ScheduleRunner,
    ScheduleClaims,
    ScheduleTargets,
    ScheduleMetrics,
    ...scheduleMetricProviders,
  ],
})
export class SchedulingRunnerModule {}
