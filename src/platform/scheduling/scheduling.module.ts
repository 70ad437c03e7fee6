import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { declareTasks } from '../queues/index.js';
import { BeatGauge, beatGaugeProviders } from './beat/beat-gauge.js';
import { BeatReader } from './beat/beat-reader.js';
import { Beat } from './beat/beat.entity.js';
import { beatHeartbeat } from './beat/beat.task.js';
import { Schedule } from './schedules/schedule.entity.js';
import { Schedules } from './schedules/schedules.js';

/** The schedules that there are, and the newest heartbeat. */
@Module({
  imports: [declareTasks(beatHeartbeat), TypeOrmModule.forFeature([Schedule, Beat])],
  providers: [Schedules, BeatReader, BeatGauge, ...beatGaugeProviders],
  exports: [Schedules, BeatReader],
})
export class SchedulingModule {}
