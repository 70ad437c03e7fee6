export { BeatReader } from './beat/beat-reader.js';
export { Beat } from './beat/beat.entity.js';
export { Periodic, type PeriodicWork } from './periodic.js';
export {
  type DeclaredSchedule,
  type ScheduleDto,
  scheduleSchema,
  scheduleStateSchema,
  toScheduleDto,
} from './schedules/schedule.dto.js';
export { Schedule } from './schedules/schedule.entity.js';
export { type Fired, type ScheduledWork, ScheduleTarget, type Slot } from './schedules/schedule-target.js';
export { type ScheduleDefinition, Schedules } from './schedules/schedules.js';
export { SchedulingHttpModule } from './scheduling.http.module.js';
export { SchedulingModule } from './scheduling.module.js';
export { SchedulingRunnerModule } from './scheduling.runner.module.js';
export { SchedulingWorkerModule } from './scheduling.worker.module.js';
