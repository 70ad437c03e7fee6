import { Module } from '@nestjs/common';
import { SchedulesController } from './schedules/schedules.controller.js';
import { SchedulingModule } from './scheduling.module.js';

@Module({ imports: [SchedulingModule], controllers: [SchedulesController] })
export class SchedulingHttpModule {}
