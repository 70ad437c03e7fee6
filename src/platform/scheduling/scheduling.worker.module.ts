import { Module } from '@nestjs/common';
import { beatMetricProviders, BeatTask } from './beat/beat.task.js';

/** Where heartbeats arrive. */
@Module({ providers: [BeatTask, ...beatMetricProviders] })
export class SchedulingWorkerModule {}
