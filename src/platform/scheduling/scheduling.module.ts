import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Schedule } from './schedules/schedule.entity.js';
import { Schedules } from './schedules/schedules.js';

@Module({
  imports: [TypeOrmModule.forFeature([Schedule])],
  providers: [Schedules],
  exports: [Schedules],
})
export class SchedulingModule {}
